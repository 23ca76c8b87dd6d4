import { createHash } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../checkpoints/artifacts/atomic_file.ts';
import { messageOf, UserError } from '../../checkpoints/artifacts/errors.ts';
import { errorCode } from '../../checkpoints/artifacts/file_errors.ts';
import { makeWritableFolder } from '../../checkpoints/artifacts/writable_folder.ts';
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
  /**
   * By data set: SHA-256 of pixels and labels, or for a folder of images of its files' names and
   * sizes (`Dataset.fingerprint`).
   */
  readonly data: Readonly<Record<string, string>>;
  /** SHA-256 of the weights, by network. */
  readonly weights: Readonly<Record<string, string>>;
  readonly kernelTier: string;
  readonly rows: readonly AccuracyRow[];
  readonly training: Readonly<Record<string, unknown>>;
  /** What was left out or went wrong, in words. */
  readonly notes: readonly string[];
}

const FILES = ['run.json', 'table.md', 'timing.json'] as const;

/** Name of a run's folder: equal configurations share one. */
export function runId(command: string, configuration: Readonly<Record<string, unknown>>): string {
  const hash = createHash('sha256').update(JSON.stringify(configuration)).digest('hex');
  return `${command}-${hash.slice(0, 8)}`;
}

/**
 * Makes a run's folder and removes the record of an earlier run with the same configuration: until
 * this one ends, no record stands beside new weights.
 * @throws UserError where the folder cannot be written
 */
export async function startRun(dir: string): Promise<void> {
  await makeWritableFolder(dir);
  for (const name of FILES) await rm(join(dir, name), { force: true });
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

/**
 * The record in a run's folder.
 * @throws UserError where there is none, or it is damaged
 */
export async function readRun(dir: string): Promise<RunRecord> {
  const path = join(dir, 'run.json');
  try {
    return JSON.parse(await readFile(path, 'utf8')) as RunRecord;
  } catch (error) {
    throw new UserError(
      `Expected the record of a run at ${path} but ${errorCode(error) === 'ENOENT' ? 'there is none' : messageOf(error)}`,
      {
        remedy: 'Give the folder that "tf8 reproduce" names when it has ended.',
        cause: error,
      },
    );
  }
}
