import type { Refusal } from './refusal.ts';

/** Every page is looked for though the first is used: a million of them cost a minute. */
const MOST_PAGES = 1000;

/** A directory of an image has some twenty. */
const MOST_TAGS = 4096;

/** Tags of TIFF 6.0, and of DNG. */
const NEW_SUBFILE_TYPE = 254;
const BITS_PER_SAMPLE = 258;
const COMPRESSION = 259;
const SAMPLE_FORMAT = 339;
const DNG_VERSION = 50706;

/** SampleFormat: 1 is unsigned, 4 says nothing. */
const SAMPLE_KINDS: Readonly<Record<number, string>> = {
  2: 'signed integers',
  3: 'floating-point numbers',
  5: 'complex integers',
  6: 'complex numbers',
};

/** Compressions that libtiff, as sharp brings it, knows nothing of. */
const UNREAD_COMPRESSIONS: Readonly<Record<number, string>> = {
  34661: 'JBIG',
  34712: 'JPEG 2000',
  34887: 'LERC',
  34925: 'LZMA',
  34933: 'PNG',
  50000: 'Zstandard',
  50002: 'JPEG XL',
  52546: 'JPEG XL',
};

/**
 * Why a TIFF file is not decoded: its compression is not read, its samples are no unsigned integers of up to 16 bits, it is a camera's
 * RAW file, which begins with a small preview, or it has too many pages. Undefined where it may be
 * decoded, or is damaged, which the decoder finds.
 */
export function tiffRefusal(bytes: Uint8Array): Refusal | undefined {
  try {
    return refusal(new TiffHeader(bytes));
  } catch (error) {
    if (error instanceof RangeError) return undefined; // The file ends before the header does.
    throw error;
  }
}

function refusal(header: TiffHeader): Refusal | undefined {
  if (header.pages() > MOST_PAGES) {
    return {
      reason: `it has more than ${MOST_PAGES} pages`,
      remedy: 'Store its first page in a file of its own.',
    };
  }
  const tags = header.firstPage();
  const isPreview = ((tags.get(NEW_SUBFILE_TYPE) ?? 0) & 1) === 1;
  if (tags.has(DNG_VERSION) || isPreview) {
    return {
      reason: 'its first image is the preview of another: it is a camera RAW file',
      remedy: 'Develop it to JPEG or PNG.',
    };
  }
  const compression = UNREAD_COMPRESSIONS[tags.get(COMPRESSION) ?? 1];
  if (compression !== undefined) {
    return {
      reason: `it is compressed by ${compression}, which is not read`,
      remedy: 'Save it with another compression or none, or convert to PNG.',
    };
  }
  const bits = tags.get(BITS_PER_SAMPLE) ?? 1;
  const kind = SAMPLE_KINDS[tags.get(SAMPLE_FORMAT) ?? 1];
  if (kind === undefined && bits <= 16) return undefined;
  return {
    reason: `its samples are ${kind ?? 'integers'} of ${bits} bits, and it does not say which of them is white`,
    remedy: 'Convert it to unsigned integers of 8 or 16 bits that take the whole range.',
  };
}

/** Reads the directories of a TIFF or BigTIFF file. Methods throw RangeError where it ends before. */
class TiffHeader {
  private readonly view: DataView;
  private readonly isLittle: boolean;
  private readonly isBig: boolean;

  constructor(bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.isLittle = bytes[0] === 0x49;
    this.isBig = this.view.getUint16(2, this.isLittle) === 43;
  }

  /** Number of directories, at most one more than are allowed: a chain may be a ring. */
  pages(): number {
    let pages = 0;
    let at = this.first();
    while (at !== 0 && pages <= MOST_PAGES) {
      pages++;
      const { entries, bytesPerEntry, start } = this.directory(at);
      at = this.offset(start + entries * bytesPerEntry);
    }
    return pages;
  }

  /** The first value of each tag of the first directory that holds 16-bit or 32-bit integers or bytes. */
  firstPage(): Map<number, number> {
    const { entries, bytesPerEntry, start } = this.directory(this.first());
    const tags = new Map<number, number>();
    for (let entry = 0; entry < Math.min(entries, MOST_TAGS); entry++) {
      const at = start + entry * bytesPerEntry;
      const type = this.uint16(at + 2);
      const count = this.offset(at + 4);
      const bytes = { 1: 1, 3: 2, 4: 4 }[type];
      if (bytes === undefined) continue;
      const value = at + (this.isBig ? 12 : 8);
      const lies = count * bytes <= (this.isBig ? 8 : 4) ? value : this.offset(value);
      tags.set(this.uint16(at), this.integer(lies, bytes));
    }
    return tags;
  }

  private first(): number {
    return this.offset(this.isBig ? 8 : 4);
  }

  private directory(at: number): { entries: number; bytesPerEntry: number; start: number } {
    return this.isBig
      ? { entries: this.offset(at), bytesPerEntry: 20, start: at + 8 }
      : { entries: this.uint16(at), bytesPerEntry: 12, start: at + 2 };
  }

  /** A position or a count: 32 bits, in BigTIFF 64. */
  private offset(at: number): number {
    return this.isBig
      ? Number(this.view.getBigUint64(at, this.isLittle))
      : this.view.getUint32(at, this.isLittle);
  }

  private uint16(at: number): number {
    return this.view.getUint16(at, this.isLittle);
  }

  private integer(at: number, bytes: number): number {
    if (bytes === 1) return this.view.getUint8(at);
    return bytes === 2 ? this.uint16(at) : this.view.getUint32(at, this.isLittle);
  }
}
