/**
 * Reads and writes float32 tensors in the safetensors format (safetensors_header.ts), which Python
 * opens by one call: `safetensors.numpy.load_file(path)`.
 *
 * Both go through a file group by group: no second copy of the tensors is held, and between two
 * groups other work gets its turn. The values lie in the file as in memory: little-endian, as all
 * machines for which there is a libtensorflow are.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { messageOf } from '../../foundation/errors.ts';
import { errorCode } from '../../foundation/files/file_errors.ts';
import type { WeightTensor } from '../weight_tensor.ts';
import {
  DIGEST_OFFSET,
  damagedFile,
  encodeHeader,
  headerLength,
  LENGTH_BYTES,
  parseHeader,
  withBlankDigest,
} from './safetensors_header.ts';

/** Bytes that are hashed without giving other work a turn: 3 to 15 ms of SHA-256. */
const GROUP_BYTES = 4 * 1024 * 1024;

export interface Safetensors {
  readonly tensors: ReadonlyMap<string, WeightTensor>;
  /** Without the file's hash. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Whether the file carried a SHA-256 of itself, which was right then. Only our files do. */
  readonly hashed: boolean;
}

/**
 * Writes tensors and metadata, in their order, and the SHA-256 of the file into it. The arrays must
 * not change until it is done.
 * @param file new and empty; neither synchronized nor closed here
 * @throws InvalidValueError naming what safetensors cannot hold: a shape of another number of values, the
 *   names `__metadata__` (tensor) and `tf8_sha256` (metadata), text that is not Unicode
 */
export async function writeSafetensors(
  file: FileHandle,
  tensors: ReadonlyMap<string, WeightTensor>,
  metadata: ReadonlyMap<string, string>,
): Promise<void> {
  const pieces = [encodeHeader(tensors, metadata), ...[...tensors.values()].map(bytesOf)];
  const hash = createHash('sha256');
  for (const group of groupsOf(pieces)) {
    for (const piece of group) hash.update(piece);
    await writeAll(file, group);
  }
  await writeAll(file, [Buffer.from(hash.digest('hex'), 'latin1')], DIGEST_OFFSET);
}

/**
 * Reads a safetensors file of float32 tensors, ours or not, and checks its hash where it carries
 * one. Allocates no more than the size of the file for its bytes.
 * @returns the tensors in the order of their data
 * @throws UserError naming the file, what was expected and what came
 */
export async function readSafetensors(path: string): Promise<Safetensors> {
  try {
    const file = await open(path);
    try {
      return await readFrom(file, path);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    throw damagedFile(`Expected to read ${path} but: ${messageOf(error)}`, error);
  }
}

async function readFrom(file: FileHandle, path: string): Promise<Safetensors> {
  const { size } = await file.stat();
  if (size < LENGTH_BYTES) {
    throw damagedFile(
      `Expected a safetensors file of at least ${LENGTH_BYTES} bytes at ${path} but it has ${size}`,
    );
  }
  const length = Buffer.alloc(LENGTH_BYTES);
  await readAll(file, length, 0, path);
  const header = Buffer.alloc(headerLength(length, size, path));
  await readAll(file, header, LENGTH_BYTES, path);
  const dataOffset = LENGTH_BYTES + header.length;
  const { entries, metadata, digest } = parseHeader(header, size - dataOffset, path);
  const hash = digest === undefined ? undefined : createHash('sha256');
  hash?.update(length).update(withBlankDigest(header));
  const tensors = new Map<string, WeightTensor>();
  for (const { name, shape, begin, end } of entries) {
    const values = new Float32Array((end - begin) / Float32Array.BYTES_PER_ELEMENT);
    let offset = dataOffset + begin;
    for (const group of groupsOf([bytesOf({ values })])) {
      for (const piece of group) {
        await readAll(file, piece, offset, path);
        hash?.update(piece);
        offset += piece.byteLength;
      }
    }
    tensors.set(name, { shape, values });
  }
  const received = hash?.digest('hex');
  if (received !== digest) {
    throw damagedFile(`Expected SHA-256 ${digest} of ${path} but received ${received}`);
  }
  return { tensors, metadata, hashed: digest !== undefined };
}

function bytesOf({ values }: { readonly values: Float32Array }): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** The bytes in groups of GROUP_BYTES and a last smaller one, as views. */
function* groupsOf(pieces: Iterable<Uint8Array>): Generator<Uint8Array[]> {
  let group: Uint8Array[] = [];
  let bytes = 0;
  for (const piece of pieces) {
    for (let start = 0; start < piece.byteLength; ) {
      const end = Math.min(piece.byteLength, start + GROUP_BYTES - bytes);
      group.push(piece.subarray(start, end));
      bytes += end - start;
      start = end;
      if (bytes === GROUP_BYTES) {
        yield group;
        group = [];
        bytes = 0;
      }
    }
  }
  if (bytes > 0) yield group;
}

/** Writes at `position`, or else where the last write ended: the system may take a part only. */
async function writeAll(
  file: FileHandle,
  pieces: readonly Uint8Array[],
  position?: number,
): Promise<void> {
  let left = pieces;
  let at = position;
  while (left.length > 0) {
    const { bytesWritten } = await file.writev(left, at);
    left = withoutFirst(left, bytesWritten);
    if (at !== undefined) at += bytesWritten;
  }
}

function withoutFirst(pieces: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let before = bytes;
  return pieces.flatMap((piece) => {
    const skipped = Math.min(before, piece.byteLength);
    before -= skipped;
    return skipped === piece.byteLength ? [] : [piece.subarray(skipped)];
  });
}

async function readAll(
  file: FileHandle,
  target: Uint8Array,
  position: number,
  path: string,
): Promise<void> {
  let done = 0;
  while (done < target.byteLength) {
    const { bytesRead } = await file.read(target, done, target.byteLength - done, position + done);
    if (bytesRead === 0) {
      throw damagedFile(
        `Expected ${path} not to change but it became shorter while it was being read`,
      );
    }
    done += bytesRead;
  }
}
