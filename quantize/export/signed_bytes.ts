/** Bytes as int8: the same numbers less 128, zero points too. */

/** The zero point of uint8 that is 0 of int8, and what lies between the two forms. */
export const SIGNED_OFFSET = 128;

/** The bytes of int8 numbers q − 128 for uint8 numbers q, and of uint8 numbers for int8 ones. */
export function toggledSign(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => byte ^ SIGNED_OFFSET);
}
