import { z } from 'zod';
import { environmentSchema } from './environment.ts';

const percent = z.number().min(0).max(100);

/** What re-architecture without any training keeps of a network, by `npm run bench:rearchitect`. */
export const rearchitectRecordSchema = z.strictObject({
  /** Day of the measurement, ISO 8601. */
  date: z.iso.date(),
  environment: environmentSchema,
  /** A public checkpoint. */
  network: z.string(),
  variant: z.string(),
  seed: z.int().min(0),
  /** The data set's fingerprint. */
  data: z.string(),
  /** Images that none of the fits saw. */
  evaluatedImages: z.int().min(1),
  /** For the ranges of TF8, the same for all fits: those that the largest one saw. */
  calibrationImages: z.int().min(1),
  /** The network before, in float. */
  originalTop1Percent: percent,
  /** By the number of images, ascending. */
  fits: z
    .array(
      z.strictObject({
        images: z.int().min(1),
        /** Of the reconstruction. */
        seconds: z.number().min(0),
        /** Of the whole process up to its end, TensorFlow included. */
        peakMemoryMiB: z.number().min(0),
        floatTop1Percent: percent,
        tf8Top1Percent: percent,
        layers: z.array(
          z.strictObject({
            layer: z.string(),
            /** Of the original layer's linear output, on images that were held out; null where they were too few for that. */
            unexplainedVariance: z.number().min(0).nullable(),
            lambda: z.number().min(0),
            deadChannels: z.int().min(0),
          }),
        ),
      }),
    )
    .min(1),
});

export type RearchitectRecord = z.infer<typeof rearchitectRecordSchema>;
