import type { Refusal } from './refusal.ts';

/**
 * Scans times pixels: a decoder goes over all coefficients in each scan, so that a few kilobytes can
 * cost minutes. 20 scans of the largest image that is decoded; encoders write about 10.
 */
const MOST_SCANNED_PIXELS = 2e9;

const START_OF_SCAN = 0xda;
const END_OF_IMAGE = 0xd9;

/** Its frames are no JPEG's, though all else is (ISO/IEC 14495-1). */
const START_OF_JPEG_LS = 0xf7;

/**
 * Why a JPEG file is not decoded: its scans cost too much time, or it is JPEG-LS. Undefined where it may
 * be decoded.
 */
export function jpegRefusal(bytes: Uint8Array): Refusal | undefined {
  let pixels = 0;
  let scans = 0;
  for (const { marker, at } of segments(bytes)) {
    if (marker === START_OF_JPEG_LS) {
      return { reason: 'it is JPEG-LS', remedy: 'JPEG-LS is not read; convert to PNG.' };
    }
    if (marker === START_OF_SCAN) scans++;
    else if (isStartOfFrame(marker) && at + 9 <= bytes.length) {
      const height = (bytes[at + 5] << 8) | bytes[at + 6];
      const width = (bytes[at + 7] << 8) | bytes[at + 8];
      pixels = Math.max(pixels, height * width);
    }
  }
  if (scans * pixels <= MOST_SCANNED_PIXELS) return undefined;
  return {
    reason: `it has ${scans} scans of ${pixels} pixels, more than are decoded in a reasonable time`,
    remedy: 'Save it anew, as JPEG or PNG.',
  };
}

/** C4, C8 and CC are no frames. */
function isStartOfFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}

/** The marker segments of a file, and the byte at which each begins. */
function* segments(bytes: Uint8Array): Generator<{ marker: number; at: number }> {
  let at = bytes.indexOf(0xff, 2);
  while (at >= 0 && at + 1 < bytes.length) {
    const marker = bytes[at + 1];
    if (marker === END_OF_IMAGE) return;
    if (marker === 0xff) {
      at++; // Bytes of 255 may fill the place before a marker.
      continue;
    }
    const standsAlone = marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd8);
    let next = at + 2;
    if (!standsAlone) {
      yield { marker, at };
      if (at + 4 > bytes.length) return;
      next += Math.max(2, (bytes[at + 2] << 8) | bytes[at + 3]);
    }
    // What follows a scan's header is data, in which only markers that stand alone occur.
    at = bytes.indexOf(0xff, next);
  }
}
