import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, UserError } from '../../foundation/errors.ts';
import { errorCode } from '../../foundation/files/file_errors.ts';
import { unreadable } from './record_file.ts';

/** The splits that slim's build_imagenet_data.py writes, as the names of the files begin. */
export const RECORD_SPLITS = ['train', 'validation'] as const;
export type RecordSplit = (typeof RECORD_SPLITS)[number];

/** One TFRecord file of a set. */
export interface RecordShard {
  /** "train-00000-of-01024" */
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  /** Whole milliseconds. */
  readonly mtimeMs: number;
}

/** The files of each split that there is, in the order of their numbers. */
export type RecordShardSets = Readonly<Partial<Record<RecordSplit, readonly RecordShard[]>>>;

/** RecordImages numbers the files in 16 bits; ImageNet has 1024. */
const MAX_SHARDS = 2 ** 16;

/** Missing files that are named. */
const NAMES_SHOWN = 5;

const SHARD = /^(train|validation)-(\d{5,})-of-(\d{5,})$/;

/**
 * Finds the TFRecord files of ImageNet's splits, `train-00000-of-01024` … and
 * `validation-00000-of-00128` …, in `dir`, or in `dir/train` and `dir/validation`.
 * Undefined where there is no file of such a name.
 *
 * @throws UserError where a set is incomplete, naming the missing files; where files of two sets are
 *   mixed; where `dir` cannot be listed
 */
export async function findRecordShards(dir: string): Promise<RecordShardSets | undefined> {
  const sets: Partial<Record<RecordSplit, readonly RecordShard[]>> = {};
  for (const split of RECORD_SPLITS) {
    const shards = (await shardsIn(dir, split)) ?? (await shardsIn(join(dir, split), split));
    if (shards !== undefined) sets[split] = shards;
  }
  return Object.keys(sets).length === 0 ? undefined : sets;
}

async function shardsIn(
  folder: string,
  split: RecordSplit,
): Promise<readonly RecordShard[] | undefined> {
  const entries = await readdir(folder).catch((cause: unknown) => {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(cause) ?? '')) return [];
    throw new UserError(
      `Expected a folder that can be listed at ${folder} but ${messageOf(cause)}.`,
      {
        remedy: 'Check the path and the permission to read it.',
        cause,
      },
    );
  });
  const totals = new Set<string>();
  const found = new Set<string>();
  for (const name of entries) {
    const [, prefix, , total] = SHARD.exec(name) ?? [];
    if (prefix !== split) continue;
    totals.add(total);
    found.add(name);
  }
  if (found.size === 0) return undefined;
  const [total, ...others] = totals;
  if (others.length > 0) {
    throw new UserError(
      `Expected the ${split} files of one set in ${folder} but found some of ${total} and some of ${others[0]}.`,
      { remedy: 'Keep each set in a folder of its own.' },
    );
  }
  return Promise.all(completeNames(folder, split, total, found).map((name) => shard(folder, name)));
}

/** Every name of the set, in order. Throws UserError where one is not among `found`. */
function completeNames(
  folder: string,
  split: RecordSplit,
  total: string,
  found: ReadonlySet<string>,
): string[] {
  const count = Number(total);
  if (count < 1 || count > MAX_SHARDS) {
    throw new UserError(
      `Expected 1 to ${MAX_SHARDS} ${split} files in ${folder} but their names say ${count}.`,
      { remedy: 'Write the set anew; ImageNet has 1024 training files.' },
    );
  }
  const names = Array.from(
    { length: count },
    (_, number) => `${split}-${String(number).padStart(total.length, '0')}-of-${total}`,
  );
  const known = new Set(names);
  const missing = names.filter((name) => !found.has(name));
  const strays = [...found].filter((name) => !known.has(name));
  if (missing.length > 0) {
    throw new UserError(
      `Expected ${count} ${split} files in ${folder} but ${listed(missing)} ${missing.length === 1 ? 'is' : 'are'} missing.`,
      { remedy: 'Complete the set; a part of it would be a different data set.' },
    );
  }
  if (strays.length > 0) {
    throw new UserError(
      `Expected ${names[0]} to ${names.at(-1)} in ${folder} but found ${listed(strays)} too.`,
      { remedy: 'Remove or rename what is not part of the set.' },
    );
  }
  return names;
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_SHOWN).join(', ');
  return names.length > NAMES_SHOWN ? `${shown} and ${names.length - NAMES_SHOWN} more` : shown;
}

async function shard(folder: string, name: string): Promise<RecordShard> {
  const path = join(folder, name);
  const { size, mtime } = await stat(path).catch((cause: unknown) => {
    throw unreadable(path, messageOf(cause), cause);
  });
  return { name, path, bytes: size, mtimeMs: mtime.getTime() };
}
