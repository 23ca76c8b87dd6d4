/** Types and shapes of HDF5's data, as messages of a header describe them. */
import type { Hdf5Reader } from './hdf5_reader.ts';

/** What one value is. */
export type Hdf5Type =
  | { readonly kind: 'float' | 'signed' | 'unsigned'; readonly bytes: number }
  /** Text of so many bytes, filled up with zeros. */
  | { readonly kind: 'text'; readonly bytes: number }
  /** Text of any length, elsewhere in the file. */
  | { readonly kind: 'anyText'; readonly bytes: 16 }
  /** `what` in words. */
  | { readonly kind: 'other'; readonly what: string; readonly bytes: number };

const CLASSES: Readonly<Record<number, string>> = {
  2: 'times',
  4: 'bits',
  5: 'opaque values',
  6: 'compounds',
  7: 'references',
  8: 'enumerations',
  9: 'lists of any length',
  10: 'arrays',
};

/** Of a type whose numbers begin with the largest part. */
const BIG_ENDIAN = 0x01;
const SIGNED = 0x08;

export function readType(reader: Hdf5Reader, at: number): Hdf5Type {
  const number = reader.uint8(at) & 0x0f;
  const flags = reader.uint8(at + 1);
  const bytes = reader.uint32(at + 4);
  const other = (what: string): Hdf5Type => ({ kind: 'other', what, bytes });
  switch (number) {
    case 0:
      if (flags & BIG_ENDIAN) return other('big-endian integers');
      if (![1, 2, 4, 8].includes(bytes)) return other(`integers of ${bytes} bytes`);
      return { kind: flags & SIGNED ? 'signed' : 'unsigned', bytes };
    case 1:
      if (flags & BIG_ENDIAN) return other('big-endian floats');
      return isIeee(reader, at, bytes)
        ? { kind: 'float', bytes }
        : other(`floats of ${bytes} bytes`);
    case 3:
      return bytes > 0 ? { kind: 'text', bytes } : other('texts without bytes');
    case 9:
      if ((flags & 0x0f) === 1 && bytes === 16) return { kind: 'anyText', bytes };
      return other(CLASSES[number]);
    default:
      return other(CLASSES[number] ?? `values of class ${number}`);
  }
}

/** Bits of the exponent by the number of bytes. */
const EXPONENT_BITS: Readonly<Record<number, number>> = { 2: 5, 4: 8, 8: 11 };

function isIeee(reader: Hdf5Reader, at: number, bytes: number): boolean {
  return EXPONENT_BITS[bytes] !== undefined && reader.uint8(at + 13) === EXPONENT_BITS[bytes];
}

/** Above any tensor's. */
const MAX_RANK = 32;

/** The sides of a data space: none of a single value, undefined where it holds nothing. */
export function readShape(reader: Hdf5Reader, at: number): number[] | undefined {
  const version = reader.uint8(at);
  const rank = reader.uint8(at + 1);
  if (version !== 1 && version !== 2) throw reader.refuse(`a shape of version ${version}`);
  if (rank > MAX_RANK) throw reader.refuse(`a shape of ${rank} sides`);
  if (version === 2 && reader.uint8(at + 3) === 2) return undefined;
  const sides = at + (version === 1 ? 8 : 4);
  return Array.from({ length: rank }, (_, axis) => reader.uint64(sides + 8 * axis));
}
