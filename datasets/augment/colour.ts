/**
 * Colour operations of `tf.image` on RGB numbers, in place: pixels [N, 3] float32, nominally in
 * [0, 1] but neither clamped before nor after, as in TensorFlow.
 */

/** Adds `delta` to every value (tf.image.adjust_brightness). */
export function adjustBrightness(pixels: Float32Array, delta: number): void {
  for (let i = 0; i < pixels.length; i++) pixels[i] += delta;
}

/** (x − mean) · factor + mean, with the mean of each channel (tf.image.adjust_contrast). */
export function adjustContrast(pixels: Float32Array, factor: number): void {
  const sums = [0, 0, 0];
  for (let i = 0; i < pixels.length; i += 3) {
    sums[0] += pixels[i];
    sums[1] += pixels[i + 1];
    sums[2] += pixels[i + 2];
  }
  const [r, g, b] = sums.map((sum) => (sum / (pixels.length / 3)) * (1 - factor));
  for (let i = 0; i < pixels.length; i += 3) {
    pixels[i] = pixels[i] * factor + r;
    pixels[i + 1] = pixels[i + 1] * factor + g;
    pixels[i + 2] = pixels[i + 2] * factor + b;
  }
}

/**
 * Multiplies the saturation of HSV by `factor`, clamped to [0, 1] (tf.image.adjust_saturation).
 *
 * In HSV a channel is value · (1 − saturation · k), with k in [0, 1] given by the hue; so with hue and
 * value kept, its distance from the value grows as the saturation does, and no hue is needed.
 */
export function adjustSaturation(pixels: Float32Array, factor: number): void {
  for (let i = 0; i < pixels.length; i += 3) {
    const r = pixels[i];
    const g = pixels[i + 1];
    const b = pixels[i + 2];
    const value = Math.max(r, g, b);
    const range = value - Math.min(r, g, b);
    // A colour without value has no saturation: TensorFlow makes it grey.
    const saturation = value > 0 ? range / value : 0;
    const scale = saturation === 0 ? 0 : Math.min(Math.max(saturation * factor, 0), 1) / saturation;
    pixels[i] = value - (value - r) * scale;
    pixels[i + 1] = value - (value - g) * scale;
    pixels[i + 2] = value - (value - b) * scale;
  }
}

/** Adds `delta` turns to the hue of HSV; largest and smallest channel keep their values (tf.image.adjust_hue). */
export function adjustHue(pixels: Float32Array, delta: number): void {
  for (let i = 0; i < pixels.length; i += 3) {
    const r = pixels[i];
    const g = pixels[i + 1];
    const b = pixels[i + 2];
    const high = Math.max(r, g, b);
    const low = Math.min(r, g, b);
    const range = high - low;
    if (range === 0) continue;
    let hue: number; // In sixths of a turn.
    if (high === r) hue = (g - b) / range;
    else if (high === g) hue = (b - r) / range + 2;
    else hue = (r - g) / range + 4;
    hue += 6 * delta;
    hue -= 6 * Math.floor(hue / 6);
    pixels[i] = low + range * clampToUnit(Math.abs(hue - 3) - 1);
    pixels[i + 1] = low + range * clampToUnit(2 - Math.abs(hue - 2));
    pixels[i + 2] = low + range * clampToUnit(2 - Math.abs(hue - 4));
  }
}

function clampToUnit(value: number): number {
  return value < 0 ? 0 : value > 1 ? 1 : value;
}
