/** What the first bytes, or the directory, of a file tell of its kind. */
import type { ByteSource } from '../foundation/files/byte_source.ts';

export async function startsWith(
  source: ByteSource,
  offset: number,
  magic: readonly number[],
): Promise<boolean> {
  if (source.size < offset + magic.length) return false;
  const bytes = await source.read(offset, magic.length);
  return magic.every((byte, n) => bytes[n] === byte);
}

/** A ZIP's directory of names stands at its end. */
const ZIP_DIRECTORY_BYTES = 2 ** 20;

export async function isZipWith(source: ByteSource, member: string): Promise<boolean> {
  if (!(await startsWith(source, 0, [0x50, 0x4b, 0x03, 0x04]))) return false;
  const length = Math.min(source.size, ZIP_DIRECTORY_BYTES);
  const end = await source.read(source.size - length, length);
  return Buffer.from(end).includes(member);
}
