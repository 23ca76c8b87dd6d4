import type { PixelImage, RgbaImage } from './pixel_image.ts';
import { type ImagePreparation, preprocessInto } from './preprocess.ts';

/** What 255 becomes: an image without alpha is opaque. */
const OPAQUE = 1;

/**
 * An image as a network of four channels takes it: red, green and blue as `preprocessInto` makes them, and
 * alpha, which is cut and resized alone in the same way. Colours are not multiplied by alpha.
 * Nothing is checked.
 * @param image [h, w, 1, 3 or 4] uint8
 * @returns [resolution, width, 4] float32 in [−1, 1]
 */
export function preprocessRgba(
  image: PixelImage | RgbaImage,
  preparation: ImagePreparation,
): Float32Array {
  const { resolution, width = resolution } = preparation;
  const pixels = resolution * width;
  const out = new Float32Array(4 * pixels).fill(OPAQUE);
  if (image.channels !== 4) {
    setColours(out, image, preparation);
    return out;
  }
  const planes = planesOf(image);
  setColours(out, planes.colours, preparation);
  const alpha = new Float32Array(3 * pixels); // A grey image fills all three.
  preprocessInto(planes.alpha, preparation, alpha);
  for (let pixel = 0; pixel < pixels; pixel++) out[4 * pixel + 3] = alpha[3 * pixel];
  return out;
}

function setColours(out: Float32Array, image: PixelImage, preparation: ImagePreparation): void {
  const colours = new Float32Array((out.length / 4) * 3);
  preprocessInto(image, preparation, colours);
  for (let from = 0, to = 0; from < colours.length; from += 3, to += 4) {
    out.set(colours.subarray(from, from + 3), to);
  }
}

function planesOf({ data, height, width }: RgbaImage): Record<'colours' | 'alpha', PixelImage> {
  const pixels = height * width;
  const colours = new Uint8Array(3 * pixels);
  const alpha = new Uint8Array(pixels);
  for (let pixel = 0; pixel < pixels; pixel++) {
    colours.set(data.subarray(4 * pixel, 4 * pixel + 3), 3 * pixel);
    alpha[pixel] = data[4 * pixel + 3];
  }
  return {
    colours: { data: colours, height, width, channels: 3 },
    alpha: { data: alpha, height, width, channels: 1 },
  };
}

/** Red, green and blue of pixels of four channels; pixels of three as they are. */
export function coloursOf(pixels: Float32Array, channels: number): Float32Array {
  if (channels !== 4) return pixels;
  const colours = new Float32Array((pixels.length / 4) * 3);
  for (let from = 0, to = 0; from < pixels.length; from += 4, to += 3) {
    colours.set(pixels.subarray(from, from + 3), to);
  }
  return colours;
}
