import type { PixelImage } from '../pixel_image.ts';
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
    let from = ((y + top) * width + firstColumn + left) * channels;
    let to = (y * width + (mirrored ? width - 1 - firstColumn : firstColumn)) * channels;
    const step = mirrored ? -channels : channels;
    for (let x = firstColumn; x < lastColumn; x++) {
      for (let c = 0; c < channels; c++) out[to + c] = data[from + c];
      from += channels;
      to += step;
    }
  }
  return { data: out, height, width, channels };
}
