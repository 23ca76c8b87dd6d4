import { basename, extname } from 'node:path';
import { jpegRefusal } from './jpeg_scans.ts';
import { begins, brandsOf, headOf, type IsFormat } from './magic.ts';
import type { Refusal } from './refusal.ts';
import { tiffRefusal } from './tiff_header.ts';
import { UNREAD_FORMATS } from './unread_formats.ts';

/** A format that decodeImage reads. */
interface ImageFormat {
  readonly name: string;
  /** In lower case, with the dot. */
  readonly extensions: readonly string[];
  readonly is: IsFormat;
  /** Bytes that a file may have. */
  readonly mostBytes: number;
  /** Why a file of the format cannot be used all the same; undefined where it may be decoded. */
  readonly refusal?: (bytes: Uint8Array) => Refusal | undefined;
}

/** More than an uncompressed image of 16 bits a sample and as many pixels as are decoded. */
export const MOST_BYTES = 2 ** 30;

/** All frames are looked for though the first is used, and one takes no more than 15 bytes. */
const MOST_ANIMATED_BYTES = 2 ** 26;

/** The formats that are read: what libvips, as sharp brings it, decodes into pixels. */
const IMAGE_FORMATS: readonly ImageFormat[] = [
  {
    name: 'JPEG',
    extensions: ['.jpeg', '.jpg', '.jpe', '.jfif'],
    is: begins('\xff\xd8\xff'),
    mostBytes: MOST_BYTES,
    refusal: jpegRefusal,
  },
  {
    name: 'PNG',
    extensions: ['.png'],
    is: begins('\x89PNG\r\n\x1a\n'),
    mostBytes: MOST_BYTES,
  },
  {
    name: 'WebP',
    extensions: ['.webp'],
    is: begins('RIFF????WEBP'),
    mostBytes: MOST_ANIMATED_BYTES,
  },
  {
    name: 'GIF',
    extensions: ['.gif'],
    is: begins('GIF87a', 'GIF89a'),
    mostBytes: MOST_ANIMATED_BYTES,
  },
  {
    name: 'TIFF',
    extensions: ['.tif', '.tiff'],
    is: begins('II*\0', 'MM\0*', 'II+\0', 'MM\0+'),
    mostBytes: MOST_BYTES,
    refusal: tiffRefusal,
  },
  {
    name: 'AVIF',
    extensions: ['.avif'],
    is: (head) => brandsOf(head).includes('avif'),
    mostBytes: MOST_BYTES,
  },
];

/** For messages. */
export const READ_FORMATS = 'JPEG, PNG, WebP, GIF, TIFF or AVIF';

const EXTENSIONS = new Set(IMAGE_FORMATS.flatMap(({ extensions }) => extensions));

/** Formats that are not read, by the endings of their files' names. */
const UNREAD_EXTENSIONS = new Map(
  UNREAD_FORMATS.flatMap(({ name, extensions = [] }) =>
    extensions.map((extension) => [extension, name]),
  ),
);

/**
 * Whether a file counts as an image where a folder is listed: its name ends as those of a format that is
 * read, and does not begin with a dot.
 */
export function hasImageName(name: string): boolean {
  return !basename(name).startsWith('.') && EXTENSIONS.has(extname(name).toLowerCase());
}

/** The format that is not read of which a file is by its name; undefined where it is none. */
export function unreadFormatOf(name: string): string | undefined {
  return UNREAD_EXTENSIONS.get(extname(name).toLowerCase());
}

const NO_FORMAT = 'its content is in no image format that can be read';

/**
 * Why a file is not decoded: it is in none of the formats that are read (which one it is in is said,
 * where that is known), or it asks for more work than an image may cost. The content decides, not the
 * file's name. Undefined where it may be decoded.
 */
export function refusalOf(bytes: Uint8Array): Refusal | undefined {
  if (bytes.length === 0) return { reason: 'the file is empty' };
  const head = headOf(bytes);
  const unread = UNREAD_FORMATS.find(({ is }) => is(head));
  if (unread !== undefined) {
    const { name, remedy = `${name} is not read; convert to PNG.` } = unread;
    return { reason: `${NO_FORMAT}: it is ${name}`, remedy };
  }
  const format = IMAGE_FORMATS.find(({ is }) => is(head));
  if (format === undefined) return { reason: NO_FORMAT };
  if (bytes.length > format.mostBytes) {
    return {
      reason: `it has ${bytes.length} bytes, and a ${format.name} file may have ${format.mostBytes}`,
    };
  }
  return format.refusal?.(bytes);
}
