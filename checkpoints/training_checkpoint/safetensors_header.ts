/**
 * The header of the safetensors format (https://huggingface.co/docs/safetensors): 8 bytes with its
 * length, unsigned little-endian; JSON, padded by spaces, that names each tensor with its dtype, its
 * shape and its bytes in the data; then the data, without holes. `__metadata__` maps strings to
 * strings.
 *
 * Our files carry their own SHA-256 as the first entry of `__metadata__`, that is, at a fixed place:
 * the hash of the whole file with the 64 digits of the hash itself as "0". So no byte is left out,
 * the lengths and the padding included.
 */
import { z } from 'zod';
import { InvalidValueError, messageOf, UserError } from '../../foundation/errors.ts';
import { firstIssue } from '../../foundation/first_issue.ts';
import type { WeightTensor } from '../weight_tensor.ts';
import { duplicateKey } from './duplicate_key.ts';

/** Bytes of the header's length, which a file begins with. */
export const LENGTH_BYTES = 8;
/** More than that the safetensors library does not read. */
const MAX_HEADER_BYTES = 100_000_000;
/** The data begins at a multiple of that, so that it can be mapped as it lies. */
const ALIGNMENT = 8;
const BYTES_PER_FLOAT32 = 4;

const METADATA_KEY = '__metadata__';
const DIGEST_KEY = 'tf8_sha256';
const BEFORE_DIGEST = `{"${METADATA_KEY}":{"${DIGEST_KEY}":"`;
const DIGEST_LENGTH = 64;
const ZERO_DIGIT = '0'.charCodeAt(0);
const DIGEST = /^[0-9a-f]{64}$/;
/** Where the digits of the hash stand in a file that carries it. */
export const DIGEST_OFFSET = LENGTH_BYTES + BEFORE_DIGEST.length;

export interface TensorEntry {
  readonly name: string;
  readonly shape: readonly number[];
  /** First byte in the data. */
  readonly begin: number;
  /** The byte after the last one. */
  readonly end: number;
}

export interface SafetensorsHeader {
  /** In the order of the data, without holes. */
  readonly entries: readonly TensorEntry[];
  /** Without the file's hash. */
  readonly metadata: ReadonlyMap<string, string>;
  /** SHA-256 that the file carries of itself: 64 hexadecimal digits. */
  readonly digest: string | undefined;
}

const metadataSchema = z.map(z.string(), z.string());
const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(z.int().min(0)),
  data_offsets: z.tuple([z.int().min(0), z.int().min(0)]),
});

/**
 * The beginning of a file up to its data: the length, and the header with a blank hash.
 * @throws InvalidValueError naming what safetensors cannot hold
 */
export function encodeHeader(
  tensors: ReadonlyMap<string, WeightTensor>,
  metadata: ReadonlyMap<string, string>,
): Buffer<ArrayBuffer> {
  const strings = [...metadata].map(([key, value]) => {
    if (key === DIGEST_KEY) {
      throw new InvalidValueError(
        `Expected no metadata of the name ${DIGEST_KEY}: it is that of the hash`,
      );
    }
    return `,${quoted(key)}:${quoted(value)}`;
  });
  let begin = 0;
  const entries = [...tensors].map(([name, { shape, values }]) => {
    if (name === METADATA_KEY) {
      throw new InvalidValueError(
        `Expected no tensor of the name ${METADATA_KEY}: it is that of metadata`,
      );
    }
    const elements = elementsOf(shape);
    if (elements !== values.length) {
      throw new InvalidValueError(
        `Expected ${elements} values of ${name} [${shape}] but received ${values.length}`,
      );
    }
    const end = begin + values.byteLength;
    const info = { dtype: 'F32', shape, data_offsets: [begin, end] };
    begin = end;
    return `,${quoted(name)}:${JSON.stringify(info)}`;
  });
  const json = `${BEFORE_DIGEST}${'0'.repeat(DIGEST_LENGTH)}"${strings.join('')}}${entries.join('')}}`;
  const length = Math.ceil(Buffer.byteLength(json) / ALIGNMENT) * ALIGNMENT;
  if (length > MAX_HEADER_BYTES) {
    throw new InvalidValueError(
      `Expected at most ${MAX_HEADER_BYTES} bytes of names and metadata but received ${length}`,
    );
  }
  const bytes = Buffer.alloc(LENGTH_BYTES + length, ' ');
  bytes.writeBigUInt64LE(BigInt(length));
  bytes.write(json, LENGTH_BYTES);
  return bytes;
}

/** A JSON string. Half of a surrogate pair has no UTF-8, and Python refuses to read its escape. */
function quoted(text: string): string {
  if (/\p{Surrogate}/u.test(text)) {
    throw new InvalidValueError(`Expected Unicode text but received ${JSON.stringify(text)}`);
  }
  return JSON.stringify(text);
}

/**
 * Length of the header in bytes.
 * @param lengthBytes the first 8 bytes of the file
 * @param fileBytes size of the file
 * @throws UserError where the file cannot hold it
 */
export function headerLength(lengthBytes: Buffer, fileBytes: number, path: string): number {
  const length = lengthBytes.readBigUInt64LE();
  const limit = Math.min(fileBytes - LENGTH_BYTES, MAX_HEADER_BYTES);
  if (length > limit) {
    throw damagedFile(
      `Expected a header of at most ${limit} bytes in ${path}, which has ${fileBytes}, but its length says ${length}`,
    );
  }
  return Number(length);
}

/**
 * Reads and checks a header: afterwards the entries are float32 tensors that fill the data exactly.
 * @param bytes the header, without its length
 * @param dataBytes bytes of the file after the header
 * @throws UserError naming `path`, what was expected and what came
 */
export function parseHeader(bytes: Uint8Array, dataBytes: number, path: string): SafetensorsHeader {
  const text = decodeUtf8(bytes, path);
  const { [METADATA_KEY]: rawMetadata, ...rawEntries } = parseObject(text, path);
  const metadata = metadataSchema.safeParse(asMap(rawMetadata ?? {}));
  if (!metadata.success) {
    throw damagedFile(
      `Expected text in the ${METADATA_KEY} of ${path} but: ${firstIssue(metadata.error)}`,
    );
  }
  const strings = metadata.data;
  const digest = strings.get(DIGEST_KEY);
  strings.delete(DIGEST_KEY);
  if (digest !== undefined) checkDigest(digest, text, path);
  const entries = Object.entries(rawEntries).map(([name, entry]) => parseEntry(name, entry, path));
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let filled = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== filled) {
      throw damagedFile(
        `Expected the data of ${name} in ${path} to begin at byte ${filled} but it begins at ${begin}`,
      );
    }
    filled = end;
  }
  if (filled !== dataBytes) {
    throw damagedFile(`Expected ${filled} bytes of data in ${path} but received ${dataBytes}`);
  }
  return { entries, metadata: strings, digest };
}

/** JSON's objects as maps: `__proto__` is a key like any other, which zod's records would leave out. */
function asMap(value: unknown): unknown {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? new Map(Object.entries(value)) : value;
}

/** The hash stands at its place, letter by letter: its digits are what is blank while hashing. */
function checkDigest(digest: string, text: string, path: string): void {
  if (DIGEST.test(digest) && text.startsWith(`${BEFORE_DIGEST}${digest}"`)) return;
  throw damagedFile(
    `Expected ${DIGEST_LENGTH} hexadecimal digits of ${DIGEST_KEY} as the first metadata of ${path} but it begins ${JSON.stringify(text.slice(0, BEFORE_DIGEST.length))}`,
  );
}

/** The header of a file that carries its hash, as it was hashed. */
export function withBlankDigest(header: Uint8Array): Uint8Array {
  const from = DIGEST_OFFSET - LENGTH_BYTES;
  return Uint8Array.from(header).fill(ZERO_DIGIT, from, from + DIGEST_LENGTH);
}

function parseEntry(name: string, value: unknown, path: string): TensorEntry {
  const parsed = entrySchema.safeParse(value);
  if (!parsed.success) {
    throw damagedFile(
      `Expected the dtype, shape and data_offsets of ${name} in ${path} but: ${firstIssue(parsed.error)}`,
    );
  }
  const {
    dtype,
    shape,
    data_offsets: [begin, end],
  } = parsed.data;
  if (dtype !== 'F32') {
    throw new UserError(
      `Expected float32 values (F32) of ${name} in ${path} but received ${dtype}`,
      {
        remedy: 'Give a file whose tensors are all float32.',
      },
    );
  }
  const expected = BYTES_PER_FLOAT32 * elementsOf(shape);
  if (end - begin !== expected) {
    throw damagedFile(
      `Expected ${expected} bytes of ${name} [${shape}] in ${path} but its data_offsets are ${begin} to ${end}`,
    );
  }
  return { name, shape, begin, end };
}

function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function decodeUtf8(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw damagedFile(`Expected UTF-8 in the header of ${path} but: ${messageOf(error)}`, error);
  }
}

function parseObject(text: string, path: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw damagedFile(`Expected JSON in the header of ${path} but: ${messageOf(error)}`, error);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw damagedFile(`Expected a JSON object in the header of ${path} but it is something else`);
  }
  const twice = duplicateKey(text);
  if (twice !== undefined) {
    throw damagedFile(`Expected each name once in the header of ${path} but ${twice} comes twice`);
  }
  return value as Record<string, unknown>;
}

/** A file that is not what its writer wrote, or no safetensors file at all. */
export function damagedFile(message: string, cause?: unknown): UserError {
  return new UserError(message, { remedy: 'Copy the file again or make it anew.', cause });
}
