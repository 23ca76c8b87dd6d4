import type { PixelImage } from '../images/pixel_image.ts';
import { type ImagePreparation, preprocessInto } from '../images/preprocess.ts';
import { type FlipCrop, flipCrop } from './flip_crop.ts';
import { ImageRandom } from './image_random.ts';
import { distortForTraining, type Inception } from './inception.ts';

/** How the images of a training are varied, as data. */
export type Augmentation = { readonly kind: 'none' } | FlipCrop | Inception;

export const NO_AUGMENTATION: Augmentation = { kind: 'none' };

/**
 * Writes one image as the network sees it: [resolution, resolution, 3] in [−1, 1] at `out[offset …]`,
 * varied by an augmentation. What is drawn depends on `seed` and `place` alone, so the same image in
 * the same place comes out the same, whoever prepares it and when.
 *
 * `flip-crop` precedes the preprocessing that evaluation has too; `inception` takes its place.
 *
 * @param image [h, w, 1 or 3] uint8
 * @param how `seed` and `place`, the image's in the order, are integers in [0, 2³²)
 */
export function prepareImage(
  image: PixelImage,
  how: ImagePreparation & {
    readonly augmentation: Augmentation;
    readonly seed: number;
    readonly place: number;
  },
  out: Float32Array,
  offset = 0,
): void {
  const { augmentation, resolution, seed, place } = how;
  switch (augmentation.kind) {
    case 'none':
      preprocessInto(image, how, out, offset);
      break;
    case 'flip-crop':
      preprocessInto(flipCrop(image, augmentation, new ImageRandom(seed, place)), how, out, offset);
      break;
    case 'inception': {
      const random = new ImageRandom(seed, place);
      distortForTraining(image, augmentation, resolution, random, out, offset);
      break;
    }
  }
}
