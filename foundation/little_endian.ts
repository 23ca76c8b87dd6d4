/** 32-bit numbers as bytes, little-endian on every machine; quantize/params has its own. */
export function littleEndian(values: ArrayLike<number>, dtype: 'float32' | 'int32'): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) {
    if (dtype === 'float32') view.setFloat32(4 * i, values[i], true);
    else view.setInt32(4 * i, values[i], true);
  }
  return bytes;
}
