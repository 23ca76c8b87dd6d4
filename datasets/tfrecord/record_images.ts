import { basename } from 'node:path';
import { messageOf } from '../../foundation/errors.ts';
import { ImageError } from '../images/decode_image.ts';
import { bytesFeature, parseExample } from './example.ts';
import type { RecordFiles } from './record_files.ts';
import { type BrokenRecord, FRAME_BYTES, readFrame } from './record_frame.ts';

/**
 * Where the images of a split lie in its TFRecord files, in the order of the files and of the
 * records in them. Plain data to be handed to a worker: the arrays lie in shared memory, so a
 * structured clone for another thread copies none of them.
 */
export interface RecordImages {
  /** Paths of the files. */
  readonly shards: readonly string[];
  /** [shards] index of each file's first record */
  readonly first: Uint32Array;
  /** [records] index into `shards` */
  readonly shard: Uint16Array;
  /** [records] byte at which the record's frame begins */
  readonly offset: Float64Array;
  /** [records] bytes of the payload, without the frame */
  readonly length: Uint32Array;
  /** [records] index into IMAGENET_CLASSES */
  readonly labels: Int32Array;
}

/** An image as it lies in a record: encoded as JPEG, PNG, … */
export interface RecordImage {
  readonly bytes: Uint8Array;
  /** See recordName. */
  readonly name: string;
}

/** What was found of each record, in order. */
export interface RecordColumns {
  readonly offset: ArrayLike<number>;
  readonly length: ArrayLike<number>;
  readonly labels: ArrayLike<number>;
}

/**
 * Puts the columns of all records into shared memory.
 *
 * @param counts [shards] number of records of each file
 */
export function recordImages(
  shards: readonly string[],
  counts: readonly number[],
  columns: RecordColumns,
): RecordImages {
  const records = counts.reduce((sum, count) => sum + count, 0);
  const images = {
    shards,
    first: new Uint32Array(new SharedArrayBuffer(4 * shards.length)),
    shard: new Uint16Array(new SharedArrayBuffer(2 * records)),
    offset: new Float64Array(new SharedArrayBuffer(8 * records)),
    length: new Uint32Array(new SharedArrayBuffer(4 * records)),
    labels: new Int32Array(new SharedArrayBuffer(4 * records)),
  };
  images.offset.set(columns.offset);
  images.length.set(columns.length);
  images.labels.set(columns.labels);
  let start = 0;
  for (const [shard, count] of counts.entries()) {
    images.first[shard] = start;
    images.shard.fill(shard, start, start + count);
    start += count;
  }
  return images;
}

/** File and number of a record, counted from 0 in its file: "train-00003-of-01024:17". */
export function recordName(images: RecordImages, index: number): string {
  const shard = images.shard[index];
  return `${basename(images.shards[shard])}:${index - images.first[shard]}`;
}

/**
 * Reads record `index` and returns the encoded image in it.
 *
 * @throws ImageError that names the record where its file cannot be read, where the record is not as it
 *   was indexed or has a wrong CRC, or is no Example with one `image/encoded`
 */
export async function readRecordImage(
  images: RecordImages,
  index: number,
  files: RecordFiles,
): Promise<RecordImage> {
  const path = images.shards[images.shard[index]];
  const offset = images.offset[index];
  const length = images.length[index];
  const name = recordName(images, index);
  const failed = (reason: string, cause?: unknown) =>
    new ImageError(name, `${reason} at byte ${offset} of ${path}`, { cause });
  const broken: BrokenRecord = ({ expected, received, cause }) =>
    failed(`its record is damaged (expected ${expected}, received ${received})`, cause);

  const size = length + FRAME_BYTES;
  const frame = await files.read(path, offset, size).catch((cause: unknown) => {
    throw failed(`it cannot be read (${messageOf(cause)})`, cause);
  });
  if (frame.length < size) {
    throw broken({
      expected: `${size} bytes`,
      received: `the end of the file after ${frame.length}`,
    });
  }
  const features = parseExample(readFrame(frame, length, broken), broken);
  return { bytes: bytesFeature(features, 'image/encoded', broken), name };
}
