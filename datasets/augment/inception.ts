import type { PixelImage } from '../images/pixel_image.ts';
import { adjustBrightness, adjustContrast, adjustHue, adjustSaturation } from './colour.ts';
import { type BoxRanges, distortedBox } from './distorted_box.ts';
import type { ImageRandom } from './image_random.ts';
import { RESIZE_METHODS, resizeBy } from './resize_methods.ts';

/**
 * slim's training preprocessing for Inception and MobileNet
 * (models/research/slim/preprocessing/inception_preprocessing.py, preprocess_for_train): a distorted
 * crop, resized whatever its aspect ratio, in half of the cases mirrored, its colours distorted.
 *
 * `fastMode` resizes bilinearly and varies brightness and saturation only. It is slim's default, and
 * what its trainers use: neither preprocessing_factory.py nor mobilenet_v1_train.py and
 * train_image_classifier.py asks for anything else. Without it each image draws one of four resize
 * methods, and one of four orders in which hue and contrast vary too.
 */
export interface Inception {
  readonly kind: 'inception';
  readonly fastMode: boolean;
  readonly crop: BoxRanges;
  /** Brightness changes by up to this much of the full range. */
  readonly brightness: number;
  readonly saturation: readonly [low: number, high: number];
  /** Hue changes by up to this share of a turn. */
  readonly hue: number;
  readonly contrast: readonly [low: number, high: number];
}

/** distorted_bounding_box_crop's and distort_color's values. */
export const INCEPTION: Inception = {
  kind: 'inception',
  fastMode: true,
  crop: { area: [0.05, 1], aspectRatio: [0.75, 1.33], minObjectCovered: 0.1 },
  brightness: 32 / 255,
  saturation: [0.5, 1.5],
  hue: 0.2,
  contrast: [0.5, 1.5],
};

type ColourStep = 'brightness' | 'saturation' | 'hue' | 'contrast';

const FAST_ORDER: readonly ColourStep[] = ['brightness', 'saturation'];

/** distort_color's color_ordering 0 … 3. */
const ORDERS: readonly (readonly ColourStep[])[] = [
  ['brightness', 'saturation', 'hue', 'contrast'],
  ['saturation', 'brightness', 'contrast', 'hue'],
  ['contrast', 'hue', 'brightness', 'saturation'],
  ['hue', 'saturation', 'contrast', 'brightness'],
];

/** Writes [resolution, resolution, 3] in [−1, 1] to `out[offset …]`. */
export function distortForTraining(
  image: PixelImage,
  inception: Inception,
  resolution: number,
  random: ImageRandom,
  out: Float32Array,
  offset = 0,
): void {
  const { fastMode, crop } = inception;
  const region = distortedBox(image.height, image.width, crop, random);
  const method = fastMode ? 'bilinear' : RESIZE_METHODS[random.below(RESIZE_METHODS.length)];
  const pixels = out.subarray(offset, offset + resolution * resolution * 3);
  resizeBy(method, image, region, resolution, pixels);
  if (random.below(2) === 1) mirror(pixels, resolution);
  const order = fastMode ? FAST_ORDER : ORDERS[random.below(ORDERS.length)];
  for (const step of order) distortColour(pixels, step, inception, random);
  for (let i = 0; i < pixels.length; i++) {
    const value = pixels[i];
    pixels[i] = (value < 0 ? 0 : value > 1 ? 1 : value) * 2 - 1;
  }
}

function distortColour(
  pixels: Float32Array,
  step: ColourStep,
  { brightness, saturation, hue, contrast }: Inception,
  random: ImageRandom,
): void {
  switch (step) {
    case 'brightness':
      adjustBrightness(pixels, random.between(-brightness, brightness));
      break;
    case 'saturation':
      adjustSaturation(pixels, random.between(...saturation));
      break;
    case 'hue':
      adjustHue(pixels, random.between(-hue, hue));
      break;
    case 'contrast':
      adjustContrast(pixels, random.between(...contrast));
  }
}

/** Swaps left and right of [side, side, 3]. */
function mirror(pixels: Float32Array, side: number): void {
  for (let row = 0; row < pixels.length; row += 3 * side) {
    for (let left = row, right = row + 3 * (side - 1); left < right; left += 3, right -= 3) {
      for (let c = 0; c < 3; c++) {
        const value = pixels[left + c];
        pixels[left + c] = pixels[right + c];
        pixels[right + c] = value;
      }
    }
  }
}
