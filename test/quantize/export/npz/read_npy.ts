const TYPES = { '|u1': Uint8Array, '<i4': Int32Array, '<f4': Float32Array } as const;

/**
 * Reads an array of npy 1.0 as NumPy's documentation defines it, on a little-endian machine: its
 * elements, its shape, and where the elements start.
 */
export function readNpy(file: Uint8Array) {
  const text = new TextDecoder('latin1').decode(file);
  if (!text.startsWith('\x93NUMPY\x01\x00')) throw new Error('no npy 1.0');
  const start = 10 + file[8] + 256 * file[9];
  const header = /^\{'descr': '(.+)', 'fortran_order': False, 'shape': \((.*)\), \} *\n$/.exec(
    text.slice(10, start),
  );
  if (header === null) throw new Error(`no header: ${text.slice(10, start)}`);
  const shape = header[2]
    .split(',')
    .filter((side) => side.trim() !== '')
    .map(Number);
  const data = new TYPES[header[1] as keyof typeof TYPES](
    Uint8Array.from(file.subarray(start)).buffer,
  );
  return { data, shape, start };
}
