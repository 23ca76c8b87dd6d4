/** The beginning of a file, a character a byte (latin1). */
export type Head = string;

export type IsFormat = (head: Head) => boolean;

/** Bytes in which a format shows itself: an SVG file may begin with a long comment. */
const HEAD_BYTES = 4096;

export function headOf(bytes: Uint8Array): Head {
  const head = bytes.subarray(0, HEAD_BYTES);
  return Buffer.from(head.buffer, head.byteOffset, head.length).toString('latin1');
}

/** Whether a file begins with one of `patterns`, in which "?" stands for any byte. */
export function begins(...patterns: readonly string[]): IsFormat {
  return (head) => patterns.some((pattern) => matches(head, pattern));
}

function matches(head: Head, pattern: string): boolean {
  if (head.length < pattern.length) return false;
  for (let i = 0; i < pattern.length; i++) {
    if (pattern[i] !== '?' && pattern[i] !== head[i]) return false;
  }
  return true;
}

/**
 * Brands of a file of boxes (ISO/IEC 14496-12, FileTypeBox), the major one first: what HEIF, AVIF and
 * MP4 files say they are. None where the file is no such one.
 */
export function brandsOf(head: Head): readonly string[] {
  if (head.slice(4, 8) !== 'ftyp') return [];
  const length = Buffer.from(head.slice(0, 4), 'latin1').readUInt32BE();
  const brands = [head.slice(8, 12)];
  // The minor version lies between the major brand and the compatible ones.
  for (let at = 16; at + 4 <= Math.min(length, head.length); at += 4) {
    brands.push(head.slice(at, at + 4));
  }
  return brands;
}
