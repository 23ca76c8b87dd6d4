import { z } from 'zod';
import { environmentSchema } from './environment.ts';

/** What the sum of a step costs workers of one machine, by `npm run bench:workers`. */
export const workersRecordSchema = z.strictObject({
  /** Day of the measurement, ISO 8601. */
  date: z.iso.date(),
  environment: environmentSchema,
  workers: z.int().min(2),
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
});

/** @interface */
export type WorkersRecord = Readonly<z.infer<typeof workersRecordSchema>>;
