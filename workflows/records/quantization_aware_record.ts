import { z } from 'zod';
import { environmentSchema } from './environment.ts';

const percent = z.number().min(0).max(100);

/** Of a network on some images. */
const figures = z.strictObject({
  images: z.int().min(1),
  top1Percent: percent,
  /** Images whose first class is that of the float network. */
  agreementPercent: percent,
});

/** Of a network on both kinds of images. */
const measured = z.strictObject({ trained: figures, heldOut: figures });

/** What training in the executor's integers makes of published networks, by `npm run bench:quantization-aware`. */
export const quantizationAwareRecordSchema = z.strictObject({
  /** Day of the measurement, ISO 8601. */
  date: z.iso.date(),
  environment: environmentSchema,
  /** The data set's fingerprint. */
  data: z.string(),
  rows: z
    .array(
      z.strictObject({
        /** A public checkpoint, or what it was called. */
        network: z.string(),
        /** Which images are held out, and the order of the others. */
        seed: z.int().min(0),
        float: measured,
        /** The recipe that quantizes without training, and what it makes of the network, calibrated on images that are trained on. */
        untrained: z.strictObject({ recipe: z.string(), ...measured.shape }),
        /** After the training. */
        after: measured,
        training: z.strictObject({
          /** That the training started from. */
          quantization: z.string(),
          ranges: z.enum(['learned', 'observed']),
          freezeAfter: z.number(),
          dampening: z.number(),
          /** Whether statistics of folded batch norms stayed or followed the network in integers; absent before there was a choice. */
          batchNorms: z.enum(['frozen', 're-estimated']).exactOptional(),
          learningRate: z.number().positive(),
          temperature: z.number().positive(),
          batchSize: z.int().min(1),
          steps: z.int().min(1),
          calibrationImages: z.int().min(1),
          /** Of the whole command: opening, calibration, training. */
          seconds: z.number().positive(),
          /** The same in processor time, which is time where cores are shared. */
          processorSeconds: z.number().positive(),
        }),
      }),
    )
    .min(1),
});

/** @interface */
export type QuantizationAwareRecord = Readonly<z.infer<typeof quantizationAwareRecordSchema>>;
/** @interface */
export type QuantizationAwareRow = QuantizationAwareRecord['rows'][number];
