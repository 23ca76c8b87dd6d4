import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf, UserError } from '../../foundation/errors.ts';
import { writeFileAtomic } from '../../foundation/files/atomic_file.ts';
import { errorCode } from '../../foundation/files/file_errors.ts';
import { makeFolder } from '../../foundation/files/make_folder.ts';
import { makeWritableFolder } from '../../foundation/files/writable_folder.ts';
import { firstIssue } from '../../foundation/first_issue.ts';
import { call } from '../wording.ts';
import { accuracyRowSchema } from './accuracy_row.ts';
import { environmentSchema } from './environment.ts';
import { RUN_FILE } from './run_file.ts';

/** What identifies the images that a figure comes from. */
const dataIdentitySchema = z.strictObject({
  dataset: z.string(),
  /**
   * Of pixels and labels, or for a folder of images of its files' names and sizes
   * (`Dataset.fingerprint`).
   */
  sha256: z.string(),
  /** Images that were taken out of an undivided folder to measure on. */
  heldOut: z.int().min(1).exactOptional(),
});

/**
 * What a run did and found. The same command, seeds and machine give the same bytes, so nothing here
 * depends on the clock; how long it took stands in `timing.json` beside it.
 */
export const runRecordSchema = z.strictObject({
  /** The table's name, such as "reproduce-cifar10-standard". */
  name: z.string().regex(/^[a-z0-9-]+$/),
  /** What repeats it; DIR stands for a folder of the machine. */
  command: z.string(),
  configuration: z.record(z.string(), z.json()),
  environment: environmentSchema,
  data: z.record(z.string(), dataIdentitySchema),
  kernelTier: z.string(),
  /** Each with the hashes of its weights. */
  rows: z.array(accuracyRowSchema),
  /** How the networks came to their weights, by their records. */
  networks: z.record(z.string(), z.json()),
  /** What was left out or went wrong, in words. */
  notes: z.array(z.string()),
});

const seconds = z.number().min(0);

/** What a row took on its way, over all seeds and whenever that was: a network is trained once. */
const rowTimingSchema = z.strictObject({
  /** Absent for published weights. */
  trainingSeconds: seconds.exactOptional(),
  measuringSeconds: seconds,
});

export const runTimingSchema = z.strictObject({
  /** Of the run that wrote this, which may have found rows done. */
  seconds,
  /**
   * Programs that wanted a processor at its end, the mean of 15 minutes, this one's threads included. Far
   * more than the threads: the times are those of a shared machine.
   */
  load: z.number().min(0).exactOptional(),
  rows: z.record(z.string(), rowTimingSchema),
});

/** A table as it is published in bench/results. */
export const publishedTableSchema = runRecordSchema.extend({ timing: runTimingSchema });

/**
 * Which images a figure is from.
 * @interface
 */
export type DataIdentity = Readonly<z.infer<typeof dataIdentitySchema>>;

/**
 * What a run leaves as `run.json`.
 * @interface
 */
export type RunRecord = Readonly<z.infer<typeof runRecordSchema>>;
export type RowTiming = Readonly<z.infer<typeof rowTimingSchema>>;
export type RunTiming = Readonly<z.infer<typeof runTimingSchema>>;
export type PublishedTable = Readonly<z.infer<typeof publishedTableSchema>>;

/** All that a run may leave in its folder. */
const FILES = [
  RUN_FILE,
  'table.md',
  'table.csv',
  'timing.json',
  'analysis.json',
  'samples.json',
  'report.html',
  'figures',
];

/** Name of a run's folder: equal configurations share one. */
export function runId(name: string, configuration: Readonly<Record<string, unknown>>): string {
  const hash = createHash('sha256').update(JSON.stringify(configuration)).digest('hex');
  return `${name}-${hash.slice(0, 8)}`;
}

/**
 * Makes a run's folder and removes the record of an earlier run with the same configuration: until
 * this one ends, no record stands beside new figures.
 * @throws UserError where the folder cannot be written
 */
export async function startRun(dir: string): Promise<void> {
  await makeWritableFolder(dir);
  for (const name of FILES) await rm(join(dir, name), { recursive: true, force: true });
}

/** Writes `table.md` of a run that goes on. */
export async function writePartialTable(dir: string, table: string): Promise<void> {
  await writeFileAtomic(join(dir, 'table.md'), `${table}\n`);
}

/** Writes `run.json`, `timing.json` and `table.md` into a run's folder. */
export async function writeRun(
  dir: string,
  record: RunRecord,
  timing: RunTiming,
  table: string,
): Promise<void> {
  await makeFolder(dir);
  await writeFileAtomic(join(dir, 'table.md'), `${table}\n`);
  await writeFileAtomic(join(dir, 'timing.json'), `${JSON.stringify(timing, null, 2)}\n`);
  await writeFileAtomic(join(dir, RUN_FILE), `${JSON.stringify(record, null, 2)}\n`);
}

/**
 * The record in a run's folder.
 * @throws UserError where there is none, or it is damaged
 */
export function readRun(dir: string): Promise<RunRecord> {
  return readPart(join(dir, RUN_FILE), runRecordSchema);
}

/** As `readRun`, how long the run took. */
export function readTiming(dir: string): Promise<RunTiming> {
  return readPart(join(dir, 'timing.json'), runTimingSchema);
}

/**
 * A file of a run.
 * @throws UserError where there is none, or it is not as `schema` has it
 */
export async function readPart<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
): Promise<z.infer<Schema>> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw notARun(path, errorCode(error) === 'ENOENT' ? 'there is none' : messageOf(error), error);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw notARun(path, firstIssue(parsed.error));
}

function notARun(path: string, reason: string, cause?: unknown): UserError {
  return new UserError(`Expected the record of a run at ${path} but ${reason}`, {
    remedy: `Give the folder that ${call('reproduce')} or ${call('analyze')} names when it has ended; repeat the run where its record is damaged.`,
    cause,
  });
}
