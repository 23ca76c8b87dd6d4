import { stat } from 'node:fs/promises';
import type { Sharp, SharpOptions } from 'sharp';
import { messageOf, UserError } from '../../foundation/errors.ts';
import { errorCode } from '../../foundation/files/file_errors.ts';
import { readWhenFree } from '../../foundation/files/read_when_free.ts';
import { importOptional } from '../../foundation/optional_package.ts';
import { TimeLimitError, withinTime } from '../within_time.ts';
import { MOST_BYTES, refusalOf } from './image_formats.ts';
import type { PixelImage, RgbaImage } from './pixel_image.ts';

/**
 * Most pixels an image may have (300 MB once decoded). The largest photographs of ImageNet have about
 * a fifth of that; a decompression bomb has more.
 */
export const MAX_PIXELS = 100_000_000;

/**
 * Seconds after which libvips gives an image up. Pixels, scans, pages and bytes are limited so that every
 * image takes a few seconds at most; which images are used therefore depends on no clock. This is for
 * what those limits do not know of.
 */
const DECODE_SECONDS = 30;

/** The same for what libvips cannot interrupt. A wait for one of libuv's threads is part of it. */
const ABANDON_MS = 2 * DECODE_SECONDS * 1000;

/** How sharp takes encoded images. */
const INPUT = {
  failOn: 'error',
  limitInputPixels: MAX_PIXELS,
  autoOrient: true,
  ignoreIcc: true,
} as const satisfies SharpOptions;

/** Characters of what a library says that are passed on. */
const LONGEST_REASON = 90;

/** Codes of a path that names no file. */
const MISTYPED = ['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENAMETOOLONG'];

/** What is decoded without alpha. */
export type RgbImage = PixelImage & { readonly channels: 3 };

export interface DecodeOptions {
  readonly signal?: AbortSignal | undefined;
  readonly alpha?: boolean | undefined;
}

/** An image that cannot be used; `reason` is the part of the message that follows the name. */
export class ImageError extends UserError {
  override readonly name = 'ImageError';
  readonly reason: string;

  constructor(image: string, reason: string, options: { cause?: unknown; remedy?: string } = {}) {
    super(`Expected an image in ${image} but ${reason}.`, {
      cause: options.cause,
      remedy:
        options.remedy ??
        (MISTYPED.includes(errorCode(options.cause) ?? '')
          ? 'Check the path.'
          : 'Replace or remove the file.'),
    });
    this.reason = reason;
  }
}

/**
 * Decodes a JPEG, PNG, WebP, GIF, TIFF or AVIF file, or its bytes, into RGB: the first frame or page of
 * several. Its content says which format it is in; every other is refused by its name.
 *
 * As TensorFlow's decoders with `channels = 3`, so that networks see what they were trained on:
 * grey values fill all three channels, alpha is dropped (not blended), samples of 10, 12 and 16 bits
 * keep their highest 8, an embedded RGB or grey colour profile is not applied, and damage that the
 * format's decoder can live with (stray bytes between JPEG segments) is no error. Unlike them: the EXIF
 * orientation is applied, and CMYK and YCCK become sRGB through a CMYK profile.
 *
 * @param source a path, or an encoded image
 * @param name for messages
 * @param options their `signal` ends the wait for an image at once; `alpha` gives that as a fourth channel,
 *   255 where the image has none
 * @throws ImageError that names the file where it is missing, empty, no image, truncated, damaged,
 *   larger than MAX_PIXELS, or would take too long; the signal's reason when aborted;
 *   MissingPackageError where sharp is not installed
 */
export async function decodeImage(
  source: string | Uint8Array,
  name?: string,
  options?: DecodeOptions & { readonly alpha?: false | undefined },
): Promise<RgbImage>;
export async function decodeImage(
  source: string | Uint8Array,
  name: string | undefined,
  options: DecodeOptions,
): Promise<RgbImage | RgbaImage>;
export async function decodeImage(
  source: string | Uint8Array,
  name: string = typeof source === 'string' ? source : 'the image',
  { signal, alpha = false }: DecodeOptions = {},
): Promise<RgbImage | RgbaImage> {
  const { default: sharp } = await importOptional(() => import('sharp'));
  const bytes = typeof source === 'string' ? await readEncoded(source, name, { signal }) : source;
  const refusal = refusalOf(bytes);
  if (refusal !== undefined) throw new ImageError(name, refusal.reason, refusal);
  return withinTime(pixelsOf(sharp(bytes, INPUT), alpha), { ms: ABANDON_MS, signal }).catch(
    (error: unknown) => throwUnusable(error, name, signal),
  );
}

/**
 * What an image's file holds.
 * @throws ImageError that names the file where it cannot be read; the signal's reason when aborted
 */
export function readEncoded(
  path: string,
  name: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Uint8Array> {
  return readImageFile(path, signal).catch((error: unknown) => throwUnusable(error, name, signal));
}

function throwUnusable(error: unknown, name: string, signal: AbortSignal | undefined): never {
  signal?.throwIfAborted();
  // No file could be opened for seconds: that says nothing of the image.
  if (error instanceof UserError) throw error;
  throw new ImageError(name, reasonOf(error), { cause: error });
}

/** The versions of what decodes: another may give other pixels. */
export async function decoderVersion(): Promise<string> {
  const { default: sharp } = await importOptional(() => import('sharp'));
  const { sharp: own = '', vips } = sharp.versions;
  return `sharp ${own} vips ${vips}`;
}

/** What a file holds. A pipe or a device, which may never end, is none. */
async function readImageFile(path: string, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const found = await stat(path);
  if (!found.isFile() && !found.isDirectory()) throw new Error('it is no regular file');
  if (found.size > MOST_BYTES) {
    throw new Error(`it has ${found.size} bytes, and an image may have ${MOST_BYTES}`);
  }
  return readWhenFree(path, signal);
}

async function pixelsOf(image: Sharp, alpha: boolean): Promise<RgbImage | RgbaImage> {
  const colours = image.timeout({ seconds: DECODE_SECONDS }).toColourspace('srgb');
  const { data, info } = await (alpha ? colours.ensureAlpha() : colours.removeAlpha())
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const { height, width, channels } = info;
  if (channels !== (alpha ? 4 : 3)) {
    throw new Error(`it has ${channels} channels that are no red, green and blue`);
  }
  return { data, height, width, channels };
}

const TOO_SLOW = 'decoding it takes too long';

/** What sharp, libvips and Node say, in terms of the file. */
const REASONS: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/^ENOENT/, 'there is no such file'],
  [/^ENOTDIR/, 'there is no such file'],
  [/^EISDIR/, 'it is a folder'],
  [/^EACCES/, 'it may not be read'],
  [/^ELOOP/, 'its symbolic links lead to each other'],
  [/^ENAMETOOLONG/, 'no file can have so long a name'],
  [/unsupported image format/, 'its content is in no image format that can be read'],
  [/exceeds pixel limit/, `it has more than ${MAX_PIXELS} pixels`],
  [/exceeds channel limit/, 'it has more channels than a picture'],
  [/premature end/, 'it is truncated (premature end of the JPEG data)'],
  [/timeout: \d+% complete/, TOO_SLOW],
  [/^Unknown error$/, 'it is truncated or damaged'],
];

/** How what libvips and its decoders say of a file begins. */
const DAMAGE = /corrupt header|^(?:vips|\w*(?:load|png|jpeg|webp|tiff|gif|heif))\w*:/i;

function reasonOf(error: unknown): string {
  if (error instanceof TimeLimitError) return TOO_SLOW;
  const message = messageOf(error);
  const known = REASONS.find(([pattern]) => pattern.test(message));
  if (known !== undefined) return known[1];
  return DAMAGE.test(message)
    ? `it is truncated or damaged (${shortened(message)})`
    : shortened(message);
}

/** The different lines of a message, as far as they are worth reading. */
function shortened(message: string): string {
  const lines = new Set(message.trim().split(/\s*\n\s*/));
  const text = [...lines].join('; ').replace(/[:.]+$/, '');
  return text.length > LONGEST_REASON ? `${text.slice(0, LONGEST_REASON)} …` : text;
}
