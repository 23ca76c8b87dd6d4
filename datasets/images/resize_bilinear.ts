import type { PixelImage, Region } from './pixel_image.ts';

/** uint8 → [0, 1] as tf.image.convert_image_dtype: f32(x) · f32(1 / 255). */
const UNIT = Math.fround(1 / 255);
const UNIT_VALUES = Float32Array.from(
  { length: 256 },
  (_, value) => value * UNIT, // Float32Array rounds the exact product once
);

/** Where each output coordinate falls between two input coordinates. */
interface Axis {
  readonly lower: Int32Array;
  readonly upper: Int32Array;
  /** Weight of `upper`, in [0, 1). */
  readonly weight: Float32Array;
}

/**
 * Resizes `region` of an image, taken as numbers in [0, 1], and writes (x − 0.5) · 2 as
 * [outHeight, outWidth, 3] in [−1, 1] to `out[offset …]`; a greyscale image fills all three channels.
 *
 * The sampling is TensorFlow 1's `tf.image.resize_bilinear(align_corners = False)`
 * (tensorflow/core/kernels/image/resize_bilinear_op.cc, LegacyScaler and compute_lerp): output i
 * reads input i · in / out, without half-pixel centres and without antialiasing; first along x,
 * then along y, every step in single precision. Resizing and normalizing in one pass spares a
 * second one over the output.
 */
export function resizeToSymmetricRange(
  image: PixelImage,
  region: Region,
  outHeight: number,
  outWidth: number,
  out: Float32Array,
  offset = 0,
): void {
  if (region.height === outHeight && region.width === outWidth) {
    copyToSymmetricRange(image, region, out, offset);
    return;
  }
  const { data, width, channels } = image;
  const rows = axis(region.height, outHeight);
  const samples = sampleAxis(axis(region.width, outWidth), region.left, channels);
  let above: Row = { index: -1, values: new Float32Array(outWidth * channels) };
  let below: Row = { index: -1, values: new Float32Array(outWidth * channels) };
  const fill = (row: Row, index: number): void => {
    if (row.index === index) return;
    row.index = index;
    resizeRow(data, (region.top + index) * width * channels, samples, row.values);
  };
  const blend = channels === 1 ? blendGreyRows : blendRgbRows;
  for (let y = 0; y < outHeight; y++) {
    if (below.index === rows.lower[y]) [above, below] = [below, above];
    fill(above, rows.lower[y]);
    fill(below, rows.upper[y]);
    blend(above.values, below.values, rows.weight[y], out, offset + y * outWidth * 3);
  }
}

/** Without a change of size every weight is 0: each value by itself, which is faster than a table. */
function copyToSymmetricRange(
  { data, width, channels }: PixelImage,
  region: Region,
  out: Float32Array,
  offset: number,
): void {
  let to = offset;
  for (let y = 0; y < region.height; y++) {
    let from = ((region.top + y) * width + region.left) * channels;
    const end = from + region.width * channels;
    if (channels === 3) {
      while (from < end) out[to++] = symmetricValue(data[from++]);
      continue;
    }
    while (from < end) {
      const value = symmetricValue(data[from++]);
      out[to++] = value;
      out[to++] = value;
      out[to++] = value;
    }
  }
}

/** UNIT_VALUES[value] to (x − 0.5) · 2, every step in single precision. */
function symmetricValue(value: number): number {
  return Math.fround(Math.fround(value * UNIT) - 0.5) * 2;
}

/** An input row, resized along x. */
interface Row {
  index: number;
  /** [outWidth, channels] */
  readonly values: Float32Array;
}

function axis(inLength: number, outLength: number): Axis {
  const scale = Math.fround(inLength / outLength);
  const lower = new Int32Array(outLength);
  const upper = new Int32Array(outLength);
  const weight = new Float32Array(outLength);
  for (let i = 0; i < outLength; i++) {
    const position = Math.fround(i * scale);
    lower[i] = Math.min(Math.floor(position), inLength - 1);
    upper[i] = Math.min(lower[i] + 1, inLength - 1);
    weight[i] = position - lower[i];
  }
  return { lower, upper, weight };
}

/** From pixels of a row to its interleaved samples. */
function sampleAxis(pixels: Axis, firstPixel: number, channels: number): Axis {
  const length = pixels.lower.length * channels;
  const lower = new Int32Array(length);
  const upper = new Int32Array(length);
  const weight = new Float32Array(length);
  for (let pixel = 0, i = 0; i < length; pixel++) {
    for (let channel = 0; channel < channels; channel++, i++) {
      lower[i] = (firstPixel + pixels.lower[pixel]) * channels + channel;
      upper[i] = (firstPixel + pixels.upper[pixel]) * channels + channel;
      weight[i] = pixels.weight[pixel];
    }
  }
  return { lower, upper, weight };
}

function resizeRow(data: Uint8Array, rowOffset: number, samples: Axis, values: Float32Array): void {
  const { lower, upper, weight } = samples;
  for (let i = 0; i < values.length; i++) {
    const left = UNIT_VALUES[data[rowOffset + lower[i]]];
    const right = UNIT_VALUES[data[rowOffset + upper[i]]];
    values[i] = interpolate(left, right, weight[i]);
  }
}

function blendRgbRows(
  above: Float32Array,
  below: Float32Array,
  weight: number,
  out: Float32Array,
  offset: number,
): void {
  for (let i = 0; i < above.length; i++) {
    out[offset + i] = Math.fround(interpolate(above[i], below[i], weight) - 0.5) * 2;
  }
}

function blendGreyRows(
  above: Float32Array,
  below: Float32Array,
  weight: number,
  out: Float32Array,
  offset: number,
): void {
  for (let x = 0; x < above.length; x++) {
    const value = Math.fround(interpolate(above[x], below[x], weight) - 0.5) * 2;
    out[offset + 3 * x] = value;
    out[offset + 3 * x + 1] = value;
    out[offset + 3 * x + 2] = value;
  }
}

function interpolate(from: number, to: number, weight: number): number {
  return Math.fround(from + Math.fround(Math.fround(to - from) * weight));
}
