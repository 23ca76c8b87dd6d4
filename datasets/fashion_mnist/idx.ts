import { UserError } from '../../foundation/errors.ts';

/** Third byte of the magic number for unsigned 8-bit data. */
const UINT8 = 0x08;

/** An array read from an idx file. */
export interface IdxArray {
  readonly shape: readonly number[];
  /** Row-major, a view of the file's bytes. */
  readonly data: Uint8Array;
}

/**
 * Parses an idx file of unsigned bytes, the format of MNIST: two zero bytes, the type (8), the number
 * of dimensions, each dimension as a big-endian uint32, the data
 * (described at http://yann.lecun.com/exdb/mnist/, "THE IDX FILE FORMAT").
 *
 * @param rank number of dimensions that is asked for
 * @throws UserError that names the file where magic number, dimensions or length are others
 */
export function parseIdx(bytes: Uint8Array, rank: number, fileName: string): IdxArray {
  const headerLength = 4 + 4 * rank;
  if (bytes.length < headerLength) {
    throw idxError(`an idx header of ${headerLength} bytes`, fileName, `${bytes.length} bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0);
  const expectedMagic = (UINT8 << 8) | rank;
  if (magic !== expectedMagic) {
    throw idxError(`the magic number ${hex(expectedMagic)}`, fileName, hex(magic));
  }
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const expectedLength = headerLength + shape.reduce((product, side) => product * side, 1);
  if (bytes.length !== expectedLength) {
    const what = `${expectedLength} bytes (header and ${shape.join(' × ')})`;
    throw idxError(what, fileName, `${bytes.length}`);
  }
  return { shape, data: bytes.subarray(headerLength) };
}

function idxError(what: string, fileName: string, received: string): UserError {
  return new UserError(`Expected ${what} in ${fileName} but received ${received}.`, {
    remedy: `Remove ${fileName} and fetch it again.`,
  });
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}
