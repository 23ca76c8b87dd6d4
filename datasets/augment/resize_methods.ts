import type { PixelImage, Region } from '../images/pixel_image.ts';

/** TensorFlow 1's tf.image.ResizeMethod, in its order. */
export const RESIZE_METHODS = ['bilinear', 'nearest', 'bicubic', 'area'] as const;

export type ResizeMethod = (typeof RESIZE_METHODS)[number];

/** For each output coordinate `count` input coordinates and their weights. */
interface Taps {
  readonly count: number;
  /** [outLength, count] in [0, inLength) */
  readonly index: Int32Array;
  /** [outLength, count] */
  readonly weight: Float32Array;
}

/**
 * Resizes `region` of an image to RGB numbers in [0, 1] (bicubic may leave it): [side, side, 3] at
 * `out[offset …]`; a greyscale image fills all three channels. As TensorFlow 1's
 * `tf.image.resize_images(align_corners = False)`: output i reads from input i · in / out, without
 * half-pixel centres; only `area` averages what it leaves out. Each method is a weighted mean along x,
 * then along y.
 */
export function resizeBy(
  method: ResizeMethod,
  image: PixelImage,
  region: Region,
  side: number,
  out: Float32Array,
  offset = 0,
): void {
  const rows = tapsOf(method, region.height, side);
  const columns = tapsOf(method, region.width, side);
  const length = side * 3;
  /** Input rows resized along x, filled as they are needed. */
  const resized = new Float32Array(region.height * length);
  const filled = new Uint8Array(region.height);
  for (let y = 0; y < side; y++) {
    const target = out.subarray(offset + y * length, offset + (y + 1) * length);
    target.fill(0);
    for (let tap = y * rows.count; tap < (y + 1) * rows.count; tap++) {
      const weight = rows.weight[tap];
      if (weight === 0) continue;
      const row = rows.index[tap];
      const values = resized.subarray(row * length, (row + 1) * length);
      if (filled[row] === 0) {
        resizeRow(image, region, row, columns, values);
        filled[row] = 1;
      }
      for (let i = 0; i < length; i++) target[i] += weight * values[i];
    }
  }
}

/** One input row along x, to [side, 3] in [0, 1]. */
function resizeRow(
  { data, width, channels }: PixelImage,
  { top, left }: Region,
  row: number,
  { count, index, weight }: Taps,
  values: Float32Array,
): void {
  const start = (top + row) * width + left;
  const green = channels === 3 ? 1 : 0;
  const blue = channels === 3 ? 2 : 0;
  for (let i = 0, tap = 0; i < values.length; i += 3) {
    let r = 0;
    let g = 0;
    let b = 0;
    for (const end = tap + count; tap < end; tap++) {
      const pixel = (start + index[tap]) * channels;
      const share = weight[tap];
      r += share * data[pixel];
      g += share * data[pixel + green];
      b += share * data[pixel + blue];
    }
    values[i] = r / 255;
    values[i + 1] = g / 255;
    values[i + 2] = b / 255;
  }
}

function tapsOf(method: ResizeMethod, inLength: number, outLength: number): Taps {
  const scale = Math.fround(inLength / outLength);
  const last = inLength - 1;
  switch (method) {
    case 'nearest':
      return taps(
        outLength,
        1,
        (i) => ({ first: Math.floor(Math.fround(i * scale)), weights: [1] }),
        last,
      );
    case 'bilinear':
      return taps(
        outLength,
        2,
        (i) => {
          const position = Math.fround(i * scale);
          const first = Math.min(Math.floor(position), last);
          return { first, weights: [1 - (position - first), position - first] };
        },
        last,
      );
    case 'bicubic':
      return taps(
        outLength,
        4,
        (i) => {
          const position = Math.fround(i * scale);
          const below = Math.floor(position);
          return { first: below - 1, weights: cubicWeights(position - below) };
        },
        last,
      );
    case 'area':
      return taps(
        outLength,
        Math.ceil(scale) + 1,
        (i) => {
          const from = Math.fround(i * scale);
          const to = Math.fround((i + 1) * scale);
          const first = Math.floor(from);
          const weights: number[] = [];
          // Share of the interval [from, to) that lies over each input pixel.
          for (let pixel = first; pixel < to; pixel++) {
            weights.push((Math.min(pixel + 1, to) - Math.max(pixel, from)) / scale);
          }
          return { first, weights };
        },
        last,
      );
  }
}

/** Fills the table; coordinates beyond the image repeat its edge, missing weights are 0. */
function taps(
  outLength: number,
  count: number,
  at: (i: number) => { readonly first: number; readonly weights: readonly number[] },
  last: number,
): Taps {
  const index = new Int32Array(outLength * count);
  const weight = new Float32Array(outLength * count);
  for (let i = 0; i < outLength; i++) {
    const { first, weights } = at(i);
    for (let tap = 0; tap < count; tap++) {
      index[i * count + tap] = Math.max(0, Math.min(first + tap, last));
      weight[i * count + tap] = weights[tap] ?? 0;
    }
  }
  return { count, index, weight };
}

/** Steps of TensorFlow's table of cubic weights (resize_bicubic_op.cc, kTableSize). */
const CUBIC_STEPS = 1024;

/** Keys' cubic convolution with a = −0.75, of the four pixels around a fraction in [0, 1]. */
function cubicWeights(fraction: number): number[] {
  const a = -0.75;
  const x = Math.round(fraction * CUBIC_STEPS) / CUBIC_STEPS;
  const near = (d: number): number => ((a + 2) * d - (a + 3)) * d * d + 1;
  const far = (d: number): number => ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
  return [far(1 + x), near(x), near(1 - x), far(2 - x)];
}
