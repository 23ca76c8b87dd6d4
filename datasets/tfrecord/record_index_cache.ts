import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { endianness } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf } from '../../foundation/errors.ts';
import { writeFileAtomic } from '../../foundation/files/atomic_file.ts';
import { errorCode } from '../../foundation/files/file_errors.ts';
import { sha256OfBytes } from '../../foundation/hashes/sha256.ts';
import type { Reporter } from '../../foundation/reporting/reporter.ts';
import { type RecordImages, recordImages } from './record_images.ts';
import type { RecordShard, RecordSplit } from './record_shards.ts';

/** Part of the key: raised whenever the file or the meaning of a label changes. */
const VERSION = 1;

/**
 * The first line of the file, as JSON. After it, of all records: offset (float64), length (uint32) and
 * label (int32), in this machine's byte order.
 */
const Header = z.strictObject({
  key: z.string(),
  /** [shards] number of records */
  counts: z.array(z.int().nonnegative()),
  /** Of key, counts and the bytes after the first line. */
  sha256: z.string(),
});

const BYTES_PER_RECORD = 16;

/** Keeps the index of a split's records in a file, so that the split is read once and not in every run. */
export class RecordIndexCache {
  readonly path: string;
  private readonly key: string;
  private readonly shards: readonly RecordShard[];
  private readonly reporter: Reporter;

  /** The index of these files, by their names, sizes and times of change, wherever they lie. */
  constructor(
    cacheDir: string,
    split: RecordSplit,
    shards: readonly RecordShard[],
    reporter: Reporter,
  ) {
    const files = shards.map(({ name, bytes, mtimeMs }) => [name, bytes, mtimeMs]);
    this.key = sha256OfBytes(JSON.stringify([VERSION, endianness(), files]));
    this.path = join(cacheDir, 'record-indexes', `${split}-${this.key.slice(0, 16)}.index`);
    this.shards = shards;
    this.reporter = reporter;
  }

  /** The index that was kept; undefined where there is none, or a damaged one. */
  async load(): Promise<RecordImages | undefined> {
    let file: Buffer;
    try {
      file = await readFile(this.path);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') this.madeAnew(`it cannot be read (${messageOf(error)})`);
      return undefined;
    }
    const images = this.parse(file);
    if (images === undefined) this.madeAnew('it is damaged');
    return images;
  }

  /** Keeps an index. Where the file cannot be written, the reporter is warned. */
  async save(images: RecordImages): Promise<void> {
    const { offset, length, labels, first } = images;
    const body = Buffer.concat([bytesOf(offset), bytesOf(length), bytesOf(labels)]);
    const counts = Array.from(first, (start, shard) => (first[shard + 1] ?? labels.length) - start);
    const header: z.infer<typeof Header> = {
      key: this.key,
      counts,
      sha256: digest(this.key, counts, body),
    };
    try {
      const file = Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), body]);
      await writeFileAtomic(this.path, file);
    } catch (error) {
      this.reporter.warn(
        `The next run has to read all records again: their index could not be kept. ${messageOf(error)}`,
      );
    }
  }

  private madeAnew(reason: string): void {
    this.reporter.info(`The index of the records at ${this.path} is made anew: ${reason}.`);
  }

  /** Undefined unless `file` is whole. */
  private parse(file: Buffer): RecordImages | undefined {
    const end = file.indexOf('\n');
    const header = parseHeader(file.toString('utf8', 0, end));
    const body = file.subarray(end + 1);
    if (header?.key !== this.key) return undefined;
    if (header.sha256 !== digest(header.key, header.counts, body)) return undefined;
    const records = body.length / BYTES_PER_RECORD;
    // Copied: a column starts on a multiple of its elements' size only in a buffer of its own.
    const { buffer } = new Uint8Array(body);
    return recordImages(
      this.shards.map(({ path }) => path),
      header.counts,
      {
        offset: new Float64Array(buffer, 0, records),
        length: new Uint32Array(buffer, 8 * records, records),
        labels: new Int32Array(buffer, 12 * records, records),
      },
    );
  }
}

function digest(key: string, counts: readonly number[], body: Uint8Array): string {
  const hash = createHash('sha256');
  return hash
    .update(JSON.stringify([key, counts]))
    .update(body)
    .digest('hex');
}

function parseHeader(line: string): z.infer<typeof Header> | undefined {
  try {
    return Header.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
