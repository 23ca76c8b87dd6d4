/** The Castagnoli polynomial 0x1EDC6F41, bits reversed (RFC 3720, B.4). */
const POLYNOMIAL = 0x82f63b78;

/** Bytes taken in one step. */
const SLICES = 16;

/**
 * TABLES[256 · k + b] is the CRC register's change by byte b followed by k zero bytes
 * ("slicing": M. E. Kounavis, F. L. Berry, A Systematic Approach to Building High Performance,
 * Software-based, CRC Generators, ISCC 2005).
 */
const TABLES = buildTables();

function buildTables(): Int32Array {
  const tables = new Int32Array(256 * SLICES);
  for (let byte = 0; byte < 256; byte++) {
    let register = byte;
    for (let bit = 0; bit < 8; bit++) {
      register = register & 1 ? (register >>> 1) ^ POLYNOMIAL : register >>> 1;
    }
    tables[byte] = register;
  }
  for (let i = 256; i < tables.length; i++) {
    const before = tables[i - 256];
    tables[i] = (before >>> 8) ^ tables[before & 0xff];
  }
  return tables;
}

/** CRC-32C (Castagnoli) of the bytes as RFC 3720 defines it: an unsigned 32-bit integer. */
export function crc32c(bytes: Uint8Array): number {
  const T = TABLES;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let register = -1;
  let i = 0;
  for (const end = bytes.length - (bytes.length % SLICES); i < end; i += SLICES) {
    const a = view.getInt32(i, true) ^ register;
    const b = view.getInt32(i + 4, true);
    const c = view.getInt32(i + 8, true);
    const d = view.getInt32(i + 12, true);
    register =
      T[3840 + (a & 0xff)] ^
      T[3584 + ((a >>> 8) & 0xff)] ^
      T[3328 + ((a >>> 16) & 0xff)] ^
      T[3072 + (a >>> 24)] ^
      T[2816 + (b & 0xff)] ^
      T[2560 + ((b >>> 8) & 0xff)] ^
      T[2304 + ((b >>> 16) & 0xff)] ^
      T[2048 + (b >>> 24)] ^
      T[1792 + (c & 0xff)] ^
      T[1536 + ((c >>> 8) & 0xff)] ^
      T[1280 + ((c >>> 16) & 0xff)] ^
      T[1024 + (c >>> 24)] ^
      T[768 + (d & 0xff)] ^
      T[512 + ((d >>> 8) & 0xff)] ^
      T[256 + ((d >>> 16) & 0xff)] ^
      T[d >>> 24];
  }
  for (; i < bytes.length; i++) register = (register >>> 8) ^ T[(register ^ bytes[i]) & 0xff];
  return ~register >>> 0;
}

/**
 * The CRC as TFRecord files and checkpoints store it, so that the CRC of data that holds CRCs stays useful: rotated
 * right by 15 bits, plus a constant (TensorFlow, tsl/lib/hash/crc32c.h, Mask).
 */
export function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
