import { z } from 'zod';
import { environmentSchema } from './environment.ts';

const count = z.int().min(1);

/** Networks that others trained at scale in plain 8 bits, by `npm run bench:agreement`. */
export const agreementRecordSchema = z.strictObject({
  /** Day of the measurement, ISO 8601. */
  date: z.iso.date(),
  environment: environmentSchema,
  /** The fingerprint of the images. */
  data: z.string(),
  images: count,
  /** Others, that gave the ranges. */
  calibrationImages: count,
  seed: z.int().min(0),
  networks: z.array(
    z.strictObject({
      /** What the page calls it. */
      title: z.string(),
      /** Where its weights are from. */
      origin: z.string(),
      classes: count,
      /** Images with the same first class in float and in TF8, in percent. */
      agreementPercent: z.number().min(0).max(100),
      /** Of the logits. */
      sqnrDb: z.number(),
    }),
  ),
});

/** @interface */
export type AgreementRecord = Readonly<z.infer<typeof agreementRecordSchema>>;
