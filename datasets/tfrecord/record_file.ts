import { type FileHandle, open } from 'node:fs/promises';
import { messageOf, UserError } from '../../foundation/errors.ts';
import { ByteStream } from './byte_stream.ts';
import {
  type BrokenRecord,
  checkPayload,
  FOOTER_BYTES,
  FRAME_BYTES,
  HEADER_BYTES,
  readHeader,
} from './record_frame.ts';

/** A record of a file. */
export interface FileRecord {
  /** Byte of the file at which the record's frame begins. */
  readonly offset: number;
  readonly payload: Uint8Array;
  /** Makes errors that name file and record. */
  readonly broken: BrokenRecord;
}

/**
 * Reads the records of an uncompressed TFRecord file in order and checks both CRCs of each (format:
 * TensorFlow, tsl/lib/io/record_writer.h). An empty file has no records. A few chunks and one record
 * are in memory at a time.
 *
 * @throws UserError that names the file, the record (counted from 0) and its first byte where the file
 *   cannot be read, is compressed, ends within a record, or has a wrong CRC or a payload of more than
 *   MAX_RECORD_BYTES; the signal's reason when aborted
 */
export async function* readRecordFile(
  path: string,
  options: { readonly signal?: AbortSignal | undefined; readonly chunkBytes?: number } = {},
): AsyncGenerator<FileRecord, void, undefined> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw unreadable(path, messageOf(cause), cause);
  });
  try {
    const info = await file.stat();
    if (!info.isFile()) throw unreadable(path, 'it is no file');
    yield* readRecords(file, info.size, path, options);
  } finally {
    await file.close();
  }
}

async function* readRecords(
  file: FileHandle,
  size: number,
  path: string,
  { signal, chunkBytes }: { signal?: AbortSignal | undefined; chunkBytes?: number },
): AsyncGenerator<FileRecord, void, undefined> {
  const bytes = new ByteStream(file, size, chunkBytes);
  try {
    let offset = 0;
    for (let number = 0; offset < size; number++) {
      signal?.throwIfAborted();
      const broken = brokenRecord(path, number, offset);
      const header = await bytes.take(HEADER_BYTES);
      const brokenHeader: BrokenRecord = (fault) =>
        (number === 0 && compressed(path, header)) || broken(fault);
      checkEnd('header', header, HEADER_BYTES, brokenHeader);
      const length = readHeader(header, size - offset, brokenHeader);
      const payload = await bytes.take(length);
      checkEnd('payload', payload, length, broken);
      const footer = await bytes.take(FOOTER_BYTES);
      checkEnd('checksum', footer, FOOTER_BYTES, broken);
      checkPayload(payload, footer, broken);
      yield { offset, payload, broken };
      offset += length + FRAME_BYTES;
    }
  } finally {
    await bytes.close();
  }
}

function checkEnd(what: string, taken: Uint8Array, count: number, broken: BrokenRecord): void {
  if (taken.length === count) return;
  throw broken({
    expected: `a ${what} of ${count} bytes`,
    received: `the end of the file after ${taken.length}`,
  });
}

function brokenRecord(path: string, number: number, offset: number): BrokenRecord {
  return ({ expected, received, remedy, cause }) =>
    new UserError(
      `Expected ${expected} in record ${number} at byte ${offset} of ${path} but received ${received}.`,
      { remedy: remedy ?? 'Get the file again: it is damaged or cut off.', cause },
    );
}

/**
 * The error of a compressed file, where `start`, which is no header of a record, is how one begins:
 * gzip's magic number (RFC 1952), or zlib's deflate with its check bits (RFC 1950).
 */
function compressed(path: string, start: Uint8Array): UserError | undefined {
  const [first, second] = start;
  const isGzip = first === 0x1f && second === 0x8b;
  const isZlib = (first & 0x0f) === 8 && first >> 4 <= 7 && ((first << 8) | second) % 31 === 0;
  if (!isGzip && !isZlib) return undefined;
  const [name, remedy] = isGzip
    ? ['gzip', 'Decompress the files with gunzip, or write them without a compression_type.']
    : ['zlib', 'Write the files without a compression_type.'];
  return new UserError(
    `Expected an uncompressed TFRecord file at ${path} but received one compressed by ${name}.`,
    { remedy },
  );
}

/** The error of a file that cannot be opened. */
export function unreadable(path: string, reason: string, cause?: unknown): UserError {
  return new UserError(`Expected a TFRecord file at ${path} but ${reason}.`, {
    remedy: 'Check the path and the permission to read it.',
    cause,
  });
}
