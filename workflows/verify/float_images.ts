/** Images of noise, and one image as a model's file takes it and as its float graph does. */
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { FloatModel } from '../../checkpoints/float_model.ts';
import { SYMMETRIC } from '../open/model_facts.ts';

/**
 * Noise in [0, 1], each image of a brightness and contrast of its own.
 * @param size values of an image
 */
export function* noise(size: number, images: number, seed: number): Generator<Float32Array> {
  const random = xoroshiro128plus(seed);
  const next = () => (random.next() >>> 0) / 2 ** 32;
  for (let image = 0; image < images; image++) {
    const [middle, contrast] = [next(), next()];
    yield Float32Array.from({ length: size }, () =>
      Math.min(Math.max(middle + contrast * (next() - 0.5), 0), 1),
    );
  }
}

/**
 * An image as the file takes it, before what the file does to pixels first, and as our graph does.
 * @param light [H, W, C] in [0, 1]
 */
export function asInputs(
  light: Float32Array,
  { input, done }: Pick<FloatModel, 'input' | 'done'>,
): { readonly pixels: Float32Array; readonly ours: Float32Array } {
  const { min, max } = input.range ?? SYMMETRIC;
  if (done === undefined) {
    const values = light.map((value) => min + value * (max - min));
    return { pixels: values, ours: values };
  }
  const of = (values: readonly number[], index: number) =>
    values[values.length === 1 ? 0 : index % input.channels];
  const top = Math.abs((max - of(done.offset, 0)) / of(done.scale, 0)) > 2 ? 255 : 1;
  // Files that take pixels may take whole numbers alone.
  const pixels = light.map((value) => (top === 1 ? value : Math.round(255 * value)));
  const ours = pixels.map((value, index) => value * of(done.scale, index) + of(done.offset, index));
  return { pixels, ours };
}
