/** What a directory of a TIFF file says. */
export interface TiffPage {
  readonly width: number;
  readonly height: number;
  /** Samples of a pixel. */
  readonly samples?: number;
  readonly bits?: number;
  /** 1 unsigned, 2 signed, 3 floating-point */
  readonly sampleFormat?: number;
  /** 0 white is 0, 1 black is 0, 2 RGB */
  readonly photometric?: number;
  /** Further tags of one 16-bit value. */
  readonly tags?: Readonly<Record<number, number>>;
  readonly pixels: Uint8Array;
}

const SHORT = 3;
const LONG = 4;

/** A TIFF file of these pages, uncompressed, little-endian. */
export function tiffFile(pages: readonly TiffPage[]): Buffer {
  const parts = [Buffer.from('II*\0\0\0\0\0', 'latin1')];
  let at = 8;
  let linkFrom = { part: parts[0], at: 4 };
  for (const page of pages) {
    const { width, height, samples = 1, bits = 8, sampleFormat = 1, photometric = 1 } = page;
    const entries: Record<number, readonly [type: number, value: number]> = {
      256: [LONG, width],
      257: [LONG, height],
      258: [SHORT, bits],
      259: [SHORT, 1],
      262: [SHORT, photometric],
      273: [LONG, at],
      277: [SHORT, samples],
      278: [LONG, height],
      279: [LONG, page.pixels.length],
      339: [SHORT, sampleFormat],
    };
    for (const [tag, value] of Object.entries(page.tags ?? {})) entries[+tag] = [SHORT, value];
    const tags = Object.entries(entries); // integer keys are in ascending order
    const directory = Buffer.alloc(2 + 12 * tags.length + 4);
    directory.writeUInt16LE(tags.length, 0);
    for (const [n, [tag, [type, value]]] of tags.entries()) {
      directory.writeUInt16LE(+tag, 2 + 12 * n);
      directory.writeUInt16LE(type, 4 + 12 * n);
      directory.writeUInt32LE(1, 6 + 12 * n);
      directory.writeUInt32LE(value, 10 + 12 * n);
    }
    linkFrom.part.writeUInt32LE(at + page.pixels.length, linkFrom.at);
    linkFrom = { part: directory, at: directory.length - 4 };
    parts.push(Buffer.from(page.pixels), directory);
    at += page.pixels.length + directory.length;
  }
  return Buffer.concat(parts);
}
