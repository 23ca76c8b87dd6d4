import { createHash } from 'node:crypto';
import type { Reporter } from '../../foundation/reporting/reporter.ts';
import type { RecordImages } from './record_images.ts';
import { indexRecords } from './record_index.ts';
import { RecordIndexCache } from './record_index_cache.ts';
import {
  RECORD_SPLITS,
  type RecordShard,
  type RecordShardSets,
  type RecordSplit,
} from './record_shards.ts';

/** The images of TFRecord files. */
export interface Records {
  /** Of each split whose files are there. */
  readonly splits: Readonly<Partial<Record<RecordSplit, RecordImages>>>;
  /** SHA-256 over the names and sizes of the files and the labels of the records. */
  readonly fingerprint: string;
}

export interface OpenRecordsOptions {
  /** The indexes are kept below it, so that the files are read as a whole only once. */
  readonly cacheDir: string;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens the files that findRecordShards found. Unless their index is in the cache, every record is
 * read (see indexRecords).
 *
 * @throws UserError for a file or record that cannot be used; the signal's reason when aborted
 */
export async function openRecords(
  sets: RecordShardSets,
  options: OpenRecordsOptions,
): Promise<Records> {
  const splits: Partial<Record<RecordSplit, RecordImages>> = {};
  const hash = createHash('sha256');
  for (const split of RECORD_SPLITS) {
    const shards = sets[split];
    if (shards === undefined) continue;
    const images = await openSplit(split, shards, options);
    for (const { name, bytes } of shards) hash.update(`${name}\0${bytes}\n`);
    hash.update(`${images.labels.join(' ')}\n`);
    splits[split] = images;
  }
  return { splits, fingerprint: hash.digest('hex') };
}

async function openSplit(
  split: RecordSplit,
  shards: readonly RecordShard[],
  { cacheDir, reporter, signal }: OpenRecordsOptions,
): Promise<RecordImages> {
  const cache = new RecordIndexCache(cacheDir, split, shards, reporter);
  const known = await cache.load();
  if (known !== undefined) return known;
  const images = await indexRecords(split, shards, { reporter, signal });
  await cache.save(images);
  return images;
}
