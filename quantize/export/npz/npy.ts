/**
 * The npy format 1.0, NumPy's file of one array
 * (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html): a magic number, the length
 * of the header, the header, which is a Python dictionary, and the elements, row-major.
 */
import { alignUp } from '../../params/align_up.ts';
import { littleEndian } from '../../params/little_endian.ts';

/** The bytes of an array start at a multiple of that. */
const ALIGNMENT = 64;
const PREFIX = Uint8Array.of(0x93, ...new TextEncoder().encode('NUMPY'), 1, 0);

/** @param shape [] of a scalar */
export function encodeNpy(
  data: Uint8Array | Int32Array | Float32Array,
  shape: readonly number[],
): Uint8Array {
  const type = data instanceof Uint8Array ? '|u1' : data instanceof Int32Array ? '<i4' : '<f4';
  // The comma makes a tuple of one element.
  const sides = shape.map((side) => `${side},`).join(' ');
  const header = `{'descr': '${type}', 'fortran_order': False, 'shape': (${sides}), }`;
  const start = alignUp(PREFIX.length + 2 + header.length + 1, ALIGNMENT);
  const bytes = data instanceof Uint8Array ? data : littleEndian(data);
  const file = new Uint8Array(start + bytes.length).fill(0x20, 0, start);
  file.set(PREFIX);
  new DataView(file.buffer).setUint16(PREFIX.length, start - PREFIX.length - 2, true);
  file.set(new TextEncoder().encode(header), PREFIX.length + 2);
  file[start - 1] = 0x0a;
  file.set(bytes, start);
  return file;
}
