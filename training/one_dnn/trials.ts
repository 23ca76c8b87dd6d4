import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../../foundation/files/atomic_file.ts';
import { sha256OfBytes } from '../../foundation/hashes/sha256.ts';
import type { Processor } from '../../foundation/processes/processor.ts';
import { oneDnnRatesSchema } from './one_dnn_choice.ts';
import type { StepShape } from './step_shape.ts';

const trialSchema = oneDnnRatesSchema.extend({
  /** What was tried, for people, as `shapeInWords` gives it. */
  network: z.string().optional(),
});

/** What a trial has found out. */
export type Trial = Readonly<z.infer<typeof trialSchema>>;

const trialsSchema = z.record(z.string(), trialSchema);

/** The trials that were made, each by machine and shape, in `<cacheDir>/one-dnn.json`. */
export async function readTrials(cacheDir: string): Promise<Readonly<Record<string, Trial>>> {
  try {
    return trialsSchema.parse(JSON.parse(await readFile(pathIn(cacheDir), 'utf8')));
  } catch {
    return {}; // A missing or damaged file only costs the trials.
  }
}

/** Keeps a trial beside those that are there. */
export async function keepTrial(cacheDir: string, key: string, trial: Trial): Promise<void> {
  const trials = { ...(await readTrials(cacheDir)), [key]: trial };
  await writeFileAtomic(pathIn(cacheDir), `${JSON.stringify(trials, null, 2)}\n`);
}

/** By which a trial is kept: all that its figures depend on. */
export function trialKey(
  shape: StepShape,
  { model, cores }: Pick<Processor, 'model' | 'cores'>,
): string {
  return sha256OfBytes(JSON.stringify([model, cores, process.arch, shape])).slice(0, 16);
}

/** "mobilenet_v1 friendly of width 1 at 64 × 64, batches of 64, with a teacher" */
export function shapeInWords({ config, batchSize, distilled }: StepShape): string {
  const { network, widthMultiplier = 1, resolution } = config;
  const variant = 'variant' in config ? ` ${config.variant.name}` : '';
  const bare = 'variant' in config && config.squeezeExcite === false;
  return `${network}${variant}${bare ? ' without squeeze-and-excite' : ''} of width ${widthMultiplier} at ${resolution} × ${resolution}, batches of ${batchSize}${distilled ? ', with a teacher' : ''}`;
}

function pathIn(cacheDir: string): string {
  return join(cacheDir, 'one-dnn.json');
}
