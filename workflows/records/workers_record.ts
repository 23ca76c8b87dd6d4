import { z } from 'zod';
import { environmentSchema } from './environment.ts';

/** What the sum of a step costs workers of one machine, by `npm run bench:workers`. */
export const workersRecordSchema = z.strictObject({
  /** Day of the measurement, ISO 8601. */
  date: z.iso.date(),
  environment: environmentSchema,
  workers: z.int().min(2),
  /** Load average of the minute before: what else the machine did. Absent in older records. */
  load: z.number().nonnegative().exactOptional(),
  exchanges: z
    .array(
      z.strictObject({
        /** Whose trained weights are exchanged, for people. */
        network: z.string(),
        /** How many these are. */
        floats: z.int().min(1),
        /** Of the fastest exchange: what else the machine does only slows it. */
        leastMs: z.number().positive(),
        /** Of one process, user and system, an exchange. */
        processorMs: z.number().positive(),
      }),
    )
    .min(1),
  /** A step on a joint batch, in milliseconds of processor time; absent in older records. */
  step: z
    .strictObject({
      /** Of a MobileNetV1. */
      widthMultiplier: z.number().positive(),
      resolution: z.int().min(1),
      classes: z.int().min(1),
      batch: z.int().min(1),
      /** Each kind of step in so many processes, by turns; the figures are the least. */
      rounds: z.int().min(1),
      /** Of one process. */
      aloneMs: z.number().positive(),
      /** Of one process, with `--deterministic`. */
      deterministicMs: z.number().positive(),
      /** Of all workers together. */
      togetherMs: z.number().positive(),
    })
    .exactOptional(),
  /** A photograph from its file to the network's input, in milliseconds of processor time; absent in older records. */
  input: z
    .strictObject({
      photograph: z.string(),
      resolution: z.int().min(1),
      /** Decoded, cropped at random, resized; the same with the decoded pixels in the cache. */
      cropsMs: z.number().positive(),
      cropsCachedMs: z.number().positive(),
      /** Decoded and resized, as for an evaluation; the same with the result in the cache. */
      inputMs: z.number().positive(),
      inputCachedMs: z.number().positive(),
    })
    .exactOptional(),
});

/** @interface */
export type WorkersRecord = Readonly<z.infer<typeof workersRecordSchema>>;
