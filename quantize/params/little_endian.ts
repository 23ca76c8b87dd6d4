/** 32-bit numbers as bytes, little-endian on every machine. */
export function littleEndian(values: Int32Array | Float32Array): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  const isFloat = values instanceof Float32Array;
  for (const [index, value] of values.entries()) {
    if (isFloat) view.setFloat32(4 * index, value, true);
    else view.setInt32(4 * index, value, true);
  }
  return bytes;
}
