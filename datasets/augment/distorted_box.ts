import type { Region } from '../images/pixel_image.ts';
import type { ImageRandom } from './image_random.ts';

/** Attempts before the whole image is taken: slim's max_attempts. */
const MAX_ATTEMPTS = 100;

/** Which crops are drawn. */
export interface BoxRanges {
  /** Share of the image's area. */
  readonly area: readonly [low: number, high: number];
  /** Width / height. */
  readonly aspectRatio: readonly [low: number, high: number];
  /** Least share of the object, here the whole image, that the crop covers. */
  readonly minObjectCovered: number;
}

/**
 * A random crop as `tf.image.sample_distorted_bounding_box` draws it where the object's box is the
 * whole image (tensorflow/core/kernels/image/sample_distorted_bounding_box_op.cc, GenerateRandomCrop):
 * an aspect ratio, then a height uniform between those of the smallest and the largest area, then a
 * place. The random numbers are other ones than TensorFlow's, their distributions the same.
 */
export function distortedBox(
  height: number,
  width: number,
  ranges: BoxRanges,
  random: ImageRandom,
): Region {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const aspectRatio = random.between(...ranges.aspectRatio);
    const box = boxOf(height, width, aspectRatio, ranges, random);
    if (box) return box;
  }
  return { top: 0, left: 0, height, width };
}

/** A crop of this aspect ratio, or undefined where rounding leaves none within the ranges. */
function boxOf(
  imageHeight: number,
  imageWidth: number,
  aspectRatio: number,
  { area, minObjectCovered }: BoxRanges,
  random: ImageRandom,
): Region | undefined {
  const imageArea = imageHeight * imageWidth;
  const [minArea, maxArea] = area.map((share) => share * imageArea);
  let maxHeight = Math.round(Math.sqrt(maxArea / aspectRatio));
  if (Math.round(maxHeight * aspectRatio) > imageWidth) {
    // The largest height whose width, rounded, still fits.
    maxHeight = Math.floor((imageWidth + 0.5 - 1e-7) / aspectRatio);
  }
  maxHeight = Math.min(maxHeight, imageHeight);
  const minHeight = Math.min(Math.round(Math.sqrt(minArea / aspectRatio)), maxHeight);
  let height = minHeight + random.below(maxHeight - minHeight + 1);
  // Rounding may miss the range of areas by one row.
  if (height * Math.round(height * aspectRatio) < minArea) height++;
  if (height * Math.round(height * aspectRatio) > maxArea) height--;
  const width = Math.round(height * aspectRatio);
  const covered = height * width;
  if (covered < minArea || covered > maxArea || width > imageWidth || height > imageHeight) return;
  if (covered < 1 || covered < minObjectCovered * imageArea) return;
  // TensorFlow draws from [0, image − crop): the last place is never taken.
  const top = height < imageHeight ? random.below(imageHeight - height) : 0;
  const left = width < imageWidth ? random.below(imageWidth - width) : 0;
  return { top, left, height, width };
}
