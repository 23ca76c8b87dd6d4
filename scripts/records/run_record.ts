import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../checkpoints/artifacts/atomic_file.ts';
import type { AccuracyRow } from './accuracy_table.ts';
import type { Environment } from './environment.ts';

/**
 * What a run did and found. The same command, seed and machine give the same bytes, so nothing here
 * depends on the clock; how long it took stands in `timing.json` beside it.
 */
export interface RunRecord {
  readonly command: string;
  readonly configuration: Readonly<Record<string, unknown>>;
  readonly environment: Environment;
  /** SHA-256 of the data sets and of the weights, by name. */
  readonly data: Readonly<Record<string, string>>;
  readonly weights: Readonly<Record<string, string>>;
  readonly kernelTier: string;
  /** Top-1 in percent. */
  readonly rows: readonly AccuracyRow[];
  readonly training: Readonly<Record<string, unknown>>;
  /** What was left out or went wrong, in words. */
  readonly notes: readonly string[];
}

/** Name of a run's folder: equal configurations share one. */
export function runId(command: string, configuration: Readonly<Record<string, unknown>>): string {
  const hash = createHash('sha256').update(JSON.stringify(configuration)).digest('hex');
  return `${command}-${hash.slice(0, 8)}`;
}

/** Writes `run.json`, `timing.json` and `table.md` into a run's folder. */
export async function writeRun(
  dir: string,
  record: RunRecord,
  timing: Readonly<Record<string, number>>,
  table: string,
): Promise<void> {
  await mkdir(dir, { recursive: true });
  await writeFileAtomic(join(dir, 'table.md'), `${table}\n`);
  await writeFileAtomic(join(dir, 'timing.json'), `${JSON.stringify(timing, null, 2)}\n`);
  await writeFileAtomic(join(dir, 'run.json'), `${JSON.stringify(record, null, 2)}\n`);
}
