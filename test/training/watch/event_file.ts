import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { maskedCrc32c } from '../../../foundation/hashes/crc32c.ts';

/** What is read of a `tensorflow.Event` (tensorflow/core/util/event.proto). */
export interface Event {
  wallTime: number;
  step: number;
  fileVersion?: string;
  /** tag → value of a `tensorflow.Summary`. */
  readonly scalars: Record<string, number>;
  /** Of a `tensorflow.SessionLog`: 1 is START. */
  sessionStatus?: number;
}

/** The events of a folder's event files in the order of their names, as TensorBoard reads them. */
export async function readEvents(folder: string): Promise<Event[]> {
  const names = (await readdir(folder)).sort();
  const files = await Promise.all(names.map((name) => readFile(join(folder, name))));
  return files.flatMap((file) => recordsOf(file).map(eventOf));
}

/** The payloads of a TFRecord file: length, masked CRC of it, payload, masked CRC of it. */
function recordsOf(file: Buffer): Buffer[] {
  const records: Buffer[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    assert.equal(file.readUInt32LE(at + 8), maskedCrc32c(file.subarray(at, at + 8)));
    const record = file.subarray(at + 12, at + 12 + length);
    assert.equal(file.readUInt32LE(at + 12 + length), maskedCrc32c(record));
    records.push(record);
    at += 16 + length;
  }
  return records;
}

export function eventOf(bytes: Uint8Array): Event {
  const event: Event = { wallTime: 0, step: 0, scalars: {} };
  readFields(bytes, {
    1: (reader) => (event.wallTime = reader.double()),
    2: (reader) => (event.step = Number(reader.int64())),
    3: (reader) => (event.fileVersion = reader.string()),
    5: (reader) => readFields(reader.bytes(), { 1: (of) => readValue(of.bytes(), event.scalars) }),
    7: (reader) => readFields(reader.bytes(), { 1: (of) => (event.sessionStatus = of.int32()) }),
  });
  return event;
}

function readValue(bytes: Uint8Array, scalars: Record<string, number>): void {
  let tag = '';
  let value = Number.NaN;
  readFields(bytes, {
    1: (reader) => (tag = reader.string()),
    2: (reader) => (value = reader.float()),
  });
  scalars[tag] = value;
}

function readFields(
  bytes: Uint8Array,
  fields: Readonly<Record<number, (reader: BinaryReader) => unknown>>,
): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    const read = fields[field];
    if (read === undefined) reader.skip(type);
    else read(reader);
  }
}
