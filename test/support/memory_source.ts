import type { ByteSource } from '../../foundation/files/byte_source.ts';

/** A source over bytes in memory, which are not copied. */
export function memorySource(bytes: Uint8Array, name: string): ByteSource {
  return {
    name,
    size: bytes.length,
    read: async (offset, length) => bytes.subarray(offset, offset + length),
    async close() {},
  };
}
