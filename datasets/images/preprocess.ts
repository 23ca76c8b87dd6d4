/**
 * Photographs as networks take them.
 * @module tf8/preprocess
 */
import { UserError } from '../../foundation/errors.ts';
import type { PixelImage, Region } from './pixel_image.ts';
import { resizeBicubicToSymmetricRange } from './resize_bicubic.ts';
import { resizeToSymmetricRange } from './resize_bilinear.ts';

export type { PixelImage, Region } from './pixel_image.ts';

/** Data sets whose objects fill the frame: their networks see whole images. */
const WHOLE_IMAGES: readonly string[] = ['fashion-mnist', 'cifar10'];

/** What slim's evaluation keeps of each side. */
export const SLIM_CENTRAL_FRACTION = 0.875;

/** How an image becomes a network's input. */
export interface ImagePreparation {
  /** Height of the input, and its width unless that is given. */
  readonly resolution: number;
  readonly width?: number | undefined;
  /** How images are brought to that size; bilinear unless given. */
  readonly resample?: 'bilinear' | 'bicubic' | undefined;
  /** Part of each side that is kept, from the middle: in (0, 1]. */
  readonly centralFraction: number;
}

/** The central fraction that networks of the named data set see; slim's where the name is unknown. */
export function centralFractionOf(dataset: string): number {
  return WHOLE_IMAGES.includes(dataset) ? 1 : SLIM_CENTRAL_FRACTION;
}

/**
 * The region that `tf.image.central_crop(image, fraction)` keeps: it starts at
 * trunc((side − side · fraction) / 2) in double precision and is side − 2 · start long
 * (tensorflow/python/ops/image_ops_impl.py, central_crop), so at least 1 pixel for a fraction in (0, 1].
 */
export function centralRegion(height: number, width: number, fraction: number): Region {
  const top = Math.trunc((height - height * fraction) / 2);
  const left = Math.trunc((width - width * fraction) / 2);
  return { top, left, height: height - 2 * top, width: width - 2 * left };
}

/**
 * An image as a network takes it. With SLIM_CENTRAL_FRACTION it is slim's evaluation preprocessing for
 * Inception and MobileNet (models/research/slim/preprocessing/inception_preprocessing.py,
 * preprocess_for_eval): to [0, 1], central crop, bilinear resize without antialiasing to
 * resolution × resolution, then (x − 0.5) · 2.
 * Nothing is checked.
 * @param image [h, w, 1 or 3] uint8
 * @param out gets [resolution, width, 3] float32 in [−1, 1] at `out[offset …]`
 */
export function preprocessInto(
  image: PixelImage,
  { resolution, width = resolution, centralFraction, resample }: ImagePreparation,
  out: Float32Array,
  offset = 0,
): void {
  const region = centralRegion(image.height, image.width, centralFraction);
  const resize = resample === 'bicubic' ? resizeBicubicToSymmetricRange : resizeToSymmetricRange;
  resize(image, region, resolution, width, out, offset);
}

/**
 * As `preprocessInto`, in a new array: [resolution, width, 3] float32 in [−1, 1].
 * @param image [h, w, 1 or 3] uint8
 * @throws UserError where the image is not [h, w, 1 or 3] bytes, or a number is out of range
 */
export function preprocess(image: PixelImage, preparation: ImagePreparation): Float32Array {
  const { resolution, centralFraction } = preparation;
  const outWidth = preparation.width ?? resolution;
  const { data, height, width, channels } = image;
  const hasSides = [height, width].every((side) => Number.isSafeInteger(side) && side >= 1);
  const isWhole = data.length === height * width * channels;
  if (!(hasSides && (channels === 1 || channels === 3) && isWhole)) {
    throw new UserError(
      `Expected the bytes of an image [h, w, 1 or 3] but received ${data.length} for [${height}, ${width}, ${channels}].`,
      { remedy: 'Remove the alpha channel, if it has one.' },
    );
  }
  for (const [name, side] of Object.entries({ resolution, width: outWidth })) {
    if (Number.isSafeInteger(side) && side >= 1) continue;
    throw new UserError(`Expected an integer ≥ 1 for ${name} but received ${side}.`);
  }
  checkCentralFraction(centralFraction);
  const out = new Float32Array(resolution * outWidth * 3);
  preprocessInto(image, preparation, out);
  return out;
}

/**
 * Refuses what is no central fraction.
 * @throws UserError unless `value` is a number in (0, 1]
 */
export function checkCentralFraction(value: number): void {
  if (value > 0 && value <= 1) return;
  throw new UserError(`Expected a number in (0, 1] for centralFraction but received ${value}.`, {
    remedy: 'Pass 1 for the whole image.',
  });
}
