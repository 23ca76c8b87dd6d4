import { z } from 'zod';
import { environmentSchema } from './environment.ts';

const finite = z.number();
const count = z.int().min(1);

/** The likeliest classes of an image, the likeliest first. */
const guesses = z
  .array(z.strictObject({ name: z.string(), probability: z.number().min(0).max(1) }))
  .min(1);

/** Of a layer with weights, in dB: the first two are means over the images, the others pooled. */
const layer = z.strictObject({
  layer: z.string(),
  /** Everything up to this layer in TF8. */
  cumulativeDb: finite,
  standardDeviationDb: z.number().min(0),
  /** Only the layer's weights in TF8, its input exact. */
  weightsDb: finite,
  /** Only its output rounded to bytes; null where that loses nothing. */
  outputDb: finite.nullable(),
  /** Of a layer with ReLU6: the share of outputs above 6, and what cutting them takes from ReLU's output. */
  clipped: z
    .strictObject({ share: z.number().min(0).max(1), db: finite.nullable() })
    .exactOptional(),
});

/** A network whose layers were measured. */
const network = z.strictObject({
  /** What the page calls it. */
  name: z.string(),
  weightsSha256: z.string(),
  layers: z.array(layer).min(1),
});

/** What the paper shows in figures, measured on networks of ours by `npm run bench:figures`. */
export const paperFiguresRecordSchema = z.strictObject({
  /** Day of the measurement, ISO 8601. */
  date: z.iso.date(),
  environment: environmentSchema,
  /** Absent where no networks were given. */
  activations: z
    .strictObject({
      dataset: z.string(),
      /** The data set's fingerprint. */
      data: z.string(),
      /** Of each class as many. */
      images: count,
      imagesPerClass: count,
      calibrationImages: count,
      kernelTier: z.string(),
      relu6: network,
      relu: network,
    })
    .exactOptional(),
  /** Absent where there was no folder of photographs. */
  photograph: z
    .strictObject({
      /** A public checkpoint. */
      network: z.string(),
      weightsSha256: z.string(),
      /** File path relative to the data set's folder. */
      image: z.string(),
      label: z.string(),
      calibrationImages: count,
      float: guesses,
      asPublished: guesses,
      option1: guesses,
    })
    .exactOptional(),
});

export type PaperFiguresRecord = z.infer<typeof paperFiguresRecordSchema>;
