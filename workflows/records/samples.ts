import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../../foundation/files/atomic_file.ts';
import { readPart } from './run_record.ts';

const guessSchema = z.strictObject({ name: z.string(), probability: z.number().min(0).max(1) });

/** A few images of a run with what the network takes them for. */
export const samplesSchema = z.strictObject({
  /** How the images were chosen, in words. */
  selection: z.string(),
  images: z.array(
    z.strictObject({
      /** File path relative to the data set's folder, or "<split>/<index>". */
      image: z.string(),
      /** Name of its class, where that is known. */
      label: z.string().optional(),
      /** What the network sees, as a JPEG in base64. */
      jpeg: z.base64(),
      /** The likeliest classes, the likeliest first; none of a network without them. */
      float: z.array(guessSchema),
      tf8: z.array(guessSchema),
      /** Of the outputs that are images, as PNGs in base64; absent where there are none. */
      pictures: z
        .array(z.strictObject({ output: z.string(), float: z.base64(), tf8: z.base64() }))
        .exactOptional(),
    }),
  ),
});

export type Samples = Readonly<z.infer<typeof samplesSchema>>;
export type Sample = Samples['images'][number];

const FILE = 'samples.json';

/** Writes `samples.json` into a run's folder. */
export async function writeSamples(dir: string, samples: Samples): Promise<void> {
  await writeFileAtomic(join(dir, FILE), `${JSON.stringify(samples)}\n`);
}

/** Whether a run's folder has samples. */
export function hasSamples(dir: string): boolean {
  return existsSync(join(dir, FILE));
}

/**
 * The samples in a run's folder.
 * @throws UserError where there are none, or the file is damaged
 */
export function readSamples(dir: string): Promise<Samples> {
  return readPart(join(dir, FILE), samplesSchema);
}
