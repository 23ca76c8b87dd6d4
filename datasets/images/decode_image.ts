import { messageOf, UserError } from '../../foundation/errors.ts';
import { errorCode } from '../../foundation/files/file_errors.ts';
import { readWhenFree } from '../../foundation/files/read_when_free.ts';
import { importOptional } from '../../foundation/optional_package.ts';
import type { PixelImage } from './pixel_image.ts';

/**
 * Most pixels an image may have (300 MB once decoded). The largest photographs of ImageNet have about
 * a fifth of that; a decompression bomb has more.
 */
export const MAX_PIXELS = 100_000_000;

/** Codes of a path that names no file. */
const MISTYPED = ['ENOENT', 'ENOTDIR', 'EISDIR'];

/** An image that cannot be used; `reason` is the part of the message that follows the name. */
export class ImageError extends UserError {
  override readonly name = 'ImageError';
  readonly reason: string;

  constructor(image: string, reason: string, options: { cause?: unknown } = {}) {
    super(`Expected an image in ${image} but ${reason}.`, {
      ...options,
      remedy: MISTYPED.includes(errorCode(options.cause) ?? '')
        ? 'Check the path.'
        : 'Replace or remove the file.',
    });
    this.reason = reason;
  }
}

/**
 * Decodes a JPEG, PNG, WebP, GIF (first frame), TIFF or AVIF file, or its bytes, into RGB.
 *
 * As TensorFlow's decoders with `channels = 3`, so that networks see what they were trained on:
 * grey values fill all three channels, alpha is dropped (not blended), 16-bit samples keep their
 * high byte, an embedded RGB or grey colour profile is not applied, and damage that the format's
 * decoder can live with (stray bytes between JPEG segments) is no error. Unlike them: the EXIF
 * orientation is applied, and CMYK and YCCK become sRGB through a CMYK profile.
 *
 * @param source a path, or an encoded image with `name` for messages
 * @throws ImageError that names the file where it is missing, empty, no image, truncated, damaged or
 *   larger than MAX_PIXELS; MissingPackageError where sharp is not installed
 */
export async function decodeImage(
  source: string | Uint8Array,
  name: string = typeof source === 'string' ? source : 'the image',
): Promise<PixelImage & { readonly channels: 3 }> {
  const { default: sharp } = await importOptional(() => import('sharp'));
  try {
    const bytes = typeof source === 'string' ? await readWhenFree(source) : source;
    if (bytes.length === 0) throw new Error('the file is empty');
    const { data, info } = await sharp(bytes, {
      failOn: 'error',
      limitInputPixels: MAX_PIXELS,
      autoOrient: true,
      ignoreIcc: true,
    })
      .toColourspace('srgb')
      .removeAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return { data, height: info.height, width: info.width, channels: 3 };
  } catch (error) {
    // No file could be opened for seconds: that says nothing of the image.
    if (error instanceof UserError) throw error;
    throw new ImageError(name, reasonOf(error), { cause: error });
  }
}

/** What sharp, libvips and Node say, in terms of the file. */
const REASONS: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/^ENOENT/, 'there is no such file'],
  [/^ENOTDIR/, 'there is no such file'],
  [/^EISDIR/, 'it is a folder'],
  [/^EACCES/, 'it may not be read'],
  [/unsupported image format/, 'its content is in no image format that can be read'],
  [/exceeds pixel limit/, `it has more than ${MAX_PIXELS} pixels`],
  [/premature end/, 'it is truncated (premature end of the JPEG data)'],
];

function reasonOf(error: unknown): string {
  const message = messageOf(error);
  const known = REASONS.find(([pattern]) => pattern.test(message));
  return (
    known?.[1] ??
    message
      .trim()
      .replace(/\s*\n\s*/g, '; ')
      .replace(/\.$/, '')
  );
}
