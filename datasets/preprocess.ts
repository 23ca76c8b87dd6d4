import { UserError } from '../checkpoints/artifacts/errors.ts';
import type { PixelImage, Region } from './pixel_image.ts';
import { resizeToSymmetricRange } from './resize_bilinear.ts';

/** Data sets whose networks see the whole image, not slim's central crop. */
const WHOLE_IMAGES: readonly string[] = ['fashion-mnist', 'cifar10'];

/** The preprocessings by name, so that a worker thread can be told which. */
export const PREPROCESSING = {
  evaluation: preprocessForEvaluation,
  whole: preprocessWhole,
} as const;

export type Preprocessing = keyof typeof PREPROCESSING;

/** The preprocessing that a network of the named data set needs; slim's evaluation where it is unknown. */
export function preprocessingOf(dataset: string): typeof preprocessForEvaluation {
  return PREPROCESSING[WHOLE_IMAGES.includes(dataset) ? 'whole' : 'evaluation'];
}

/** Part of each side that slim's evaluation keeps. */
const CENTRAL_FRACTION = 0.875;

/** The part of each side that a network of the named data set sees, from the middle. */
export function centralFractionOf(dataset: string): number {
  return preprocessingOf(dataset) === preprocessWhole ? 1 : CENTRAL_FRACTION;
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
 * slim's evaluation preprocessing for Inception and MobileNet
 * (models/research/slim/preprocessing/inception_preprocessing.py, preprocess_for_eval):
 * to [0, 1], central crop 87.5 %, bilinear resize to resolution × resolution, then (x − 0.5) · 2.
 * image: [h, w, 1 or 3] uint8; writes [resolution, resolution, 3] float32 in [−1, 1] to `out[offset …]`.
 */
export function preprocessForEvaluation(
  image: PixelImage,
  resolution: number,
  out: Float32Array,
  offset = 0,
): void {
  const region = centralRegion(image.height, image.width, CENTRAL_FRACTION);
  resizeToSymmetricRange(image, region, resolution, resolution, out, offset);
}

/**
 * The whole image, bilinear as above: for small data sets whose objects fill the frame.
 * image: [h, w, 1 or 3] uint8; writes [resolution, resolution, 3] float32 in [−1, 1] to `out[offset …]`.
 */
export function preprocessWhole(
  image: PixelImage,
  resolution: number,
  out: Float32Array,
  offset = 0,
): void {
  const region = { top: 0, left: 0, height: image.height, width: image.width };
  resizeToSymmetricRange(image, region, resolution, resolution, out, offset);
}

/**
 * An image as a network takes it, [resolution, resolution, 3] float32 in [−1, 1] in a new array: its
 * middle, then as `preprocessForEvaluation`.
 * @param image [h, w, 1 or 3] uint8
 * @param centralFraction part of each side that is kept, in (0, 1]
 * @throws UserError where the image is not [h, w, 1 or 3] bytes, or a number is out of range
 */
export function preprocess(
  image: PixelImage,
  { resolution, centralFraction }: { resolution: number; centralFraction: number },
): Float32Array {
  const { data, height, width, channels } = image;
  const hasSides = [height, width].every((side) => Number.isSafeInteger(side) && side >= 1);
  const isWhole = data.length === height * width * channels;
  if (!(hasSides && (channels === 1 || channels === 3) && isWhole)) {
    throw new UserError(
      `Expected the bytes of an image [h, w, 1 or 3] but received ${data.length} for [${height}, ${width}, ${channels}].`,
      { remedy: 'Remove the alpha channel, if it has one.' },
    );
  }
  if (!(Number.isSafeInteger(resolution) && resolution >= 1)) {
    throw new UserError(`Expected an integer ≥ 1 for resolution but received ${resolution}.`);
  }
  if (!(centralFraction > 0 && centralFraction <= 1)) {
    throw new UserError(
      `Expected a number in (0, 1] for centralFraction but received ${centralFraction}.`,
      { remedy: 'Pass 1 for the whole image.' },
    );
  }
  const out = new Float32Array(resolution * resolution * 3);
  const region = centralRegion(image.height, image.width, centralFraction);
  resizeToSymmetricRange(image, region, resolution, resolution, out);
  return out;
}
