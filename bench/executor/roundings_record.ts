import { z } from 'zod';
import { ROUNDINGS } from '../../quantize/params/roundings.ts';
import { environmentSchema } from '../../workflows/records/environment.ts';
import { processorKindSchema } from '../../workflows/records/processor_kind.ts';

const milliseconds = z.number().positive();
const count = z.int().min(1);

/** How long one image takes on one thread by each profile of rounding (eq. 16), by `npm run bench:executor -- --profiles`. */
export const roundingsRecordSchema = z.strictObject({
  /** Day of the measurement, ISO 8601. */
  date: z.iso.date(),
  /** Of the processor: records of several kinds are kept. */
  kind: processorKindSchema,
  environment: environmentSchema,
  network: z.string(),
  /** What the images are. */
  content: z.string(),
  rounds: count,
  secondsPerTurn: z.number().positive(),
  rows: z.array(
    z.strictObject({
      /** "tf8 native avx2" */
      tier: z.string(),
      rounding: z.enum(ROUNDINGS),
      /** The median over all calls. */
      latencyMs: milliseconds,
      fastestMs: milliseconds,
      calls: count,
    }),
  ),
});

export type RoundingsRecord = Readonly<z.infer<typeof roundingsRecordSchema>>;
export type RoundingsRow = Readonly<RoundingsRecord['rows'][number]>;
