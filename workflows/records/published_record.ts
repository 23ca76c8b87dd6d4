import { z } from 'zod';
import { environmentSchema } from './environment.ts';

const percent = z.number().min(0).max(100);
const count = z.int().min(0);

/** What 8 bits cost published networks as they come, by `npm run bench:published`. */
export const publishedRecordSchema = z.strictObject({
  /** Day of the measurement, ISO 8601. */
  date: z.iso.date(),
  environment: environmentSchema,
  /** The fingerprint of the images. */
  data: z.string(),
  calibrationImages: count,
  networks: z.array(
    z.strictObject({
      name: z.string(),
      /** Of its float weights. */
      weightsSha256: z.string(),
      images: count,
      floatTop1Percent: percent,
      tf8Top1Percent: percent,
    }),
  ),
});

/** @interface */
export type PublishedRecord = Readonly<z.infer<typeof publishedRecordSchema>>;
