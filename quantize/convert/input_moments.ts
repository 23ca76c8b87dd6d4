/** What a layer's weights meet: means and covariances of its inputs, in float and quantized. */

import type { WeightedNode } from '../model/tf8_model.ts';
import type { ImageShape } from '../ops/tensor.ts';
import { positionIndex } from '../ops/window.ts';
import type { QuantizationParams } from '../params/quantization.ts';
import { transposedProduct } from './matrices.ts';

/** A tensor of all the images, [N, H, W, C]: as the quantized layers make it, and as the float ones do. */
export interface BothTensors {
  readonly bytes: Uint8Array;
  readonly float: Float32Array;
  readonly shape: ImageShape;
  readonly quantization: QuantizationParams;
}

/**
 * Moments of a layer's inputs over positions of its output. Weights are [K, M] in the order of the kernel:
 * K = kh · kw · C inputs of each output, one group; of a depthwise layer K = kh · kw, a group a channel.
 */
export interface InputMoments {
  readonly groups: number;
  /** K */
  readonly inputs: number;
  /** [groups, K] */
  readonly floatMeans: Float64Array;
  /** [groups, K] */
  readonly means: Float64Array;
  /** [groups, K, K] of the quantized inputs. */
  readonly covariance: Float64Array;
  /** [groups, K, K]: of the quantized inputs (rows) and the float ones (columns). */
  readonly cross: Float64Array;
}

/** Positions that moments are taken of, spread over all images: enough for thousands of inputs. */
const DENSE_POSITIONS = 32_768;
/** Of depthwise layers, where a covariance is of a few inputs. */
const DEPTHWISE_POSITIONS = 2048;

/**
 * @param centered whether the means are taken off; else second moments take the covariances' place
 */
export function inputMoments(
  node: WeightedNode,
  input: BothTensors,
  centered: boolean,
): InputMoments {
  const windows = windowsOf(node, input);
  return node.op === 'depthwiseConv2d'
    ? depthwiseMoments(windows, input, centered)
    : denseMoments(windows, input, centered);
}

/** Which values of the input the sampled positions of the output read. */
interface Windows {
  readonly positions: number;
  readonly taps: number;
  /** Values that a tap reads, side by side. */
  readonly run: number;
  /** [positions, taps]: the first value's index; −1 in the padding, where there are zeros. */
  readonly starts: Int32Array;
}

function windowsOf(node: WeightedNode, { bytes, shape }: BothTensors): Windows {
  const size = shape[0] * shape[1] * shape[2];
  const batch = bytes.length / size;
  if (node.op === 'fullyConnected') {
    const starts = Int32Array.from({ length: batch }, (_, n) => n * size);
    return { positions: batch, taps: 1, run: size, starts };
  }
  const { weights, strides, padding, output } = node;
  const [kh, kw] = weights.shape;
  const [height, width] = output.shape;
  const inputShape = [batch, ...shape] as const;
  const all = batch * height * width;
  const most = node.op === 'depthwiseConv2d' ? DEPTHWISE_POSITIONS : DENSE_POSITIONS;
  const positions = Math.min(all, most);
  const starts = new Int32Array(positions * kh * kw);
  let at = 0;
  for (let sample = 0; sample < positions; sample++) {
    const position = sampled(sample, positions, all);
    const n = Math.floor(position / (height * width));
    const y = Math.floor(position / width) % height;
    const x = position % width;
    for (let ky = 0; ky < kh; ky++) {
      for (let kx = 0; kx < kw; kx++) {
        const iy = y * strides[0] - padding.top + ky;
        const ix = x * strides[1] - padding.left + kx;
        const isInside = iy >= 0 && iy < shape[0] && ix >= 0 && ix < shape[1];
        starts[at++] = isInside ? positionIndex(inputShape, n, iy, ix) : -1;
      }
    }
  }
  return { positions, taps: kh * kw, run: shape[2], starts };
}

const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** One position of each of `count` equal stretches of all; where in it, the golden ratio scatters. */
function sampled(index: number, count: number, all: number): number {
  if (count === all) return index;
  const within = (index * GOLDEN) % 1;
  return Math.min(Math.floor(((index + within) * all) / count), all - 1);
}

function denseMoments(
  { positions, taps, run, starts }: Windows,
  { bytes, float, quantization }: BothTensors,
  centered: boolean,
): InputMoments {
  const inputs = taps * run;
  const { scale, zeroPoint } = quantization;
  const quantized = new Float32Array(positions * inputs);
  const exact = new Float32Array(positions * inputs);
  for (let window = 0; window < starts.length; window++) {
    const start = starts[window];
    if (start < 0) continue;
    const to = window * run;
    for (let c = 0; c < run; c++) {
      quantized[to + c] = scale * (bytes[start + c] - zeroPoint);
      exact[to + c] = float[start + c];
    }
  }
  const means = columnMeans(quantized, inputs);
  const floatMeans = columnMeans(exact, inputs);
  if (centered) {
    subtractFromRows(quantized, means);
    subtractFromRows(exact, floatMeans);
  }
  const left = { values: quantized, rows: positions, columns: inputs };
  const averaged = (values: Float32Array) => Float64Array.from(values, (sum) => sum / positions);
  return {
    groups: 1,
    inputs,
    means,
    floatMeans,
    covariance: averaged(transposedProduct(left, left)),
    cross: averaged(transposedProduct(left, { values: exact, rows: positions, columns: inputs })),
  };
}

function columnMeans(values: Float32Array, columns: number): Float64Array {
  const sums = new Float64Array(columns);
  for (let start = 0; start < values.length; start += columns) {
    for (let c = 0; c < columns; c++) sums[c] += values[start + c];
  }
  const rows = values.length / columns;
  return sums.map((sum) => sum / rows);
}

function subtractFromRows(values: Float32Array, row: Float64Array): void {
  for (let start = 0; start < values.length; start += row.length) {
    for (let c = 0; c < row.length; c++) values[start + c] -= row[c];
  }
}

function depthwiseMoments(
  { positions, taps, run: channels, starts }: Windows,
  { bytes, float, quantization }: BothTensors,
  centered: boolean,
): InputMoments {
  const { scale, zeroPoint } = quantization;
  // A channel's values stand innermost in all sums, as they do in the tensors.
  const meanSums = new Float64Array(taps * channels);
  const floatSums = new Float64Array(taps * channels);
  const sums = new Float64Array(taps * taps * channels);
  const crossSums = new Float64Array(taps * taps * channels);
  const quantized = new Float64Array(taps * channels);
  const exact = new Float64Array(taps * channels);
  for (let position = 0; position < positions; position++) {
    for (let tap = 0; tap < taps; tap++) {
      const start = starts[position * taps + tap];
      const to = tap * channels;
      for (let c = 0; c < channels; c++) {
        const x = start < 0 ? 0 : scale * (bytes[start + c] - zeroPoint);
        const y = start < 0 ? 0 : float[start + c];
        quantized[to + c] = x;
        exact[to + c] = y;
        meanSums[to + c] += x;
        floatSums[to + c] += y;
      }
    }
    for (let a = 0; a < taps; a++) {
      const rowA = a * channels;
      for (let b = 0; b < taps; b++) {
        const rowB = b * channels;
        const to = (a * taps + b) * channels;
        for (let c = 0; c < channels; c++)
          crossSums[to + c] += quantized[rowA + c] * exact[rowB + c];
        if (b > a) continue;
        for (let c = 0; c < channels; c++)
          sums[to + c] += quantized[rowA + c] * quantized[rowB + c];
      }
    }
  }
  const means = new Float64Array(channels * taps);
  const floatMeans = new Float64Array(channels * taps);
  const covariance = new Float64Array(channels * taps * taps);
  const cross = new Float64Array(channels * taps * taps);
  for (let c = 0; c < channels; c++) {
    for (let a = 0; a < taps; a++) {
      means[c * taps + a] = meanSums[a * channels + c] / positions;
      floatMeans[c * taps + a] = floatSums[a * channels + c] / positions;
    }
    for (let a = 0; a < taps; a++) {
      for (let b = 0; b < taps; b++) {
        const to = (c * taps + a) * taps + b;
        const [high, low] = [Math.max(a, b), Math.min(a, b)];
        const meanA = centered ? means[c * taps + a] : 0;
        const offset = meanA * means[c * taps + b];
        const crossOffset = meanA * floatMeans[c * taps + b];
        covariance[to] = sums[(high * taps + low) * channels + c] / positions - offset;
        cross[to] = crossSums[(a * taps + b) * channels + c] / positions - crossOffset;
      }
    }
  }
  return { groups: channels, inputs: taps, means, floatMeans, covariance, cross };
}
