/** Tensors [H, W, C] as pixels: heat maps, masks and the like, without knowing which of them they are. */

import type { ObservedRange } from '../../quantize/convert/observed_range.ts';

/** Degrees between the hues of neighbouring channels: the golden angle keeps all of them apart. */
const HUE_STEP = 137.508;

/** Whether a tensor is an image: [H, W, C] of more than one row and column. */
export function isPicture(shape: readonly number[]): boolean {
  return shape.length === 3 && shape[0] > 1 && shape[1] > 1;
}

/** An image in [−1, 1] as pixels. */
export function pixelsOf(image: Float32Array): Uint8Array {
  return Uint8Array.from(image, (value) =>
    Math.min(255, Math.max(0, Math.round((value + 1) * 127.5))),
  );
}

/**
 * One channel in shades from black, the least value of the range, to white.
 * @param values [H, W, C]
 * @returns [H, W, 3]
 */
export function channelPicture(
  values: Float32Array,
  channels: number,
  channel: number,
  { min, max }: ObservedRange,
): Uint8Array {
  const scale = max > min ? 255 / (max - min) : 0;
  const pixels = new Uint8Array((3 * values.length) / channels);
  for (let at = channel, pixel = 0; at < values.length; at += channels, pixel += 3) {
    const shade = Math.min(255, Math.max(0, Math.round((values[at] - min) * scale)));
    pixels.fill(shade, pixel, pixel + 3);
  }
  return pixels;
}

/**
 * Which channel is the greatest at each place, the first of equals: each channel has a colour, the first black.
 * @param values [H, W, C]
 * @returns [H, W, 3]
 */
export function argMaxPicture(values: Float32Array, channels: number): Uint8Array {
  const colours = Array.from({ length: channels }, (_, channel) => colourOf(channel));
  const pixels = new Uint8Array((3 * values.length) / channels);
  for (let at = 0, pixel = 0; at < values.length; at += channels, pixel += 3) {
    let greatest = 0;
    for (let channel = 1; channel < channels; channel++) {
      if (values[at + channel] > values[at + greatest]) greatest = channel;
    }
    pixels.set(colours[greatest], pixel);
  }
  return pixels;
}

function colourOf(channel: number): readonly [number, number, number] {
  if (channel === 0) return [0, 0, 0];
  const hue = (channel * HUE_STEP) % 360;
  // Full colours of HSV: https://en.wikipedia.org/wiki/HSL_and_HSV#HSV_to_RGB_alternative
  const part = (n: number) => {
    const k = (n + hue / 60) % 6;
    return Math.round(255 * (1 - Math.max(0, Math.min(k, 4 - k, 1))));
  };
  return [part(5), part(3), part(1)];
}
