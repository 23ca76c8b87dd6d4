import type { PixelImage } from '../images/pixel_image.ts';
import type { ImageRandom } from './image_random.ts';

/**
 * Random shift and flip: `padding` black pixels on each side, a crop of the image's own size at a
 * random place of the padded image, and in half of the cases a mirror image. For CIFAR with padding
 * 4: He et al. 2016 (arXiv 1512.03385, section 4.2), slim's cifarnet_preprocessing.py. As in slim the
 * zeros are pixel values, before the normalization: black, −1 in the network's input.
 */
export interface FlipCrop {
  readonly kind: 'flip-crop';
  /** Pixels of the stored image on each side. */
  readonly padding: number;
}

/** He et al. 2016 and slim: 4 pixels for images of 32 × 32. */
export const FLIP_CROP: FlipCrop = { kind: 'flip-crop', padding: 4 };

/** The shifted and perhaps mirrored image, of the same size. */
export function flipCrop(
  image: PixelImage,
  { padding }: FlipCrop,
  random: ImageRandom,
): PixelImage {
  const { data, height, width, channels } = image;
  // Offsets of the crop in the padded image, less the padding: in [−padding, padding].
  const top = random.below(2 * padding + 1) - padding;
  const left = random.below(2 * padding + 1) - padding;
  const mirrored = random.below(2) === 1;
  const out = new Uint8Array(height * width * channels);
  const firstRow = Math.max(0, -top);
  const lastRow = Math.min(height, height - top);
  const firstColumn = Math.max(0, -left);
  const lastColumn = Math.min(width, width - left);
  for (let y = firstRow; y < lastRow; y++) {
    const from = ((y + top) * width + firstColumn + left) * channels;
    const row = data.subarray(from, from + (lastColumn - firstColumn) * channels);
    if (!mirrored) out.set(row, (y * width + firstColumn) * channels);
    else if (channels === 3) mirrorRgb(row, out, (y * width + width - firstColumn) * 3);
    else mirrorGrey(row, out, y * width + width - firstColumn);
  }
  return { data: out, height, width, channels };
}

/** Writes the pixels of a row backwards, the first of them right before `end`. */
function mirrorRgb(row: Uint8Array, out: Uint8Array, end: number): void {
  let to = end - 3;
  for (let from = 0; from < row.length; from += 3) {
    out[to] = row[from];
    out[to + 1] = row[from + 1];
    out[to + 2] = row[from + 2];
    to -= 3;
  }
}

/** As `mirrorRgb`, for one channel. */
function mirrorGrey(row: Uint8Array, out: Uint8Array, end: number): void {
  for (let from = 0; from < row.length; from++) out[end - 1 - from] = row[from];
}
