/** What a layer's weights meet: means and covariances of its inputs, in float and quantized. */

import type { WeightedNode } from '../model/tf8_model.ts';
import type { ImageShape } from '../ops/tensor.ts';
import { positionIndex } from '../ops/window.ts';
import type { QuantizationParams } from '../params/quantization.ts';
import { UNDILATED } from '../params/window.ts';
import { batchedProducts, transposedProduct } from './matrices.ts';

/** A tensor of all the images, [N, H, W, C]: as the quantized layers make it, and as the float ones do. */
export interface BothTensors {
  readonly bytes: Uint8Array;
  readonly float: Float32Array;
  readonly shape: ImageShape;
  readonly quantization: QuantizationParams;
}

/**
 * Moments of a layer's inputs over positions of its output. Weights are [K, M] in the order of the kernel:
 * K = kh · kw · C inputs of each output, one group, or of C / groups channels; of a depthwise layer K = kh · kw, a
 * group a channel.
 */
export interface InputMoments {
  readonly groups: number;
  /** K */
  readonly inputs: number;
  /** [groups, K] */
  readonly floatMeans: Float64Array;
  /** [groups, K] */
  readonly means: Float64Array;
  /** [groups, K] of the quantized inputs. */
  readonly variances: Float64Array;
  /** Undefined of more inputs than are held against each other. */
  readonly covariances: InputCovariances | undefined;
}

/** How a layer's inputs vary together. */
export interface InputCovariances {
  readonly groups: number;
  /** K */
  readonly inputs: number;
  /** [groups, K, K] of the quantized inputs. */
  readonly covariance: Float64Array;
  /** [groups, K, K]: of the quantized inputs (rows) and the float ones (columns). */
  readonly cross: Float64Array;
}

/** Layers each of whose outputs meets all of its weights. */
type MomentNode = Exclude<WeightedNode, { readonly op: 'transposedConv2d' }>;

/** The most inputs of an output, such as 3 × 3 × 512, whose covariances are taken: the work grows with the cube. */
export const MOST_INPUTS = 4608;

/** Positions that moments are taken of, spread over all images: enough for thousands of inputs. */
const DENSE_POSITIONS = 32_768;
/** Inputs at those positions, at most: fewer positions of layers with more than 2048 inputs. Bounds memory. */
const DENSE_VALUES = 2 ** 26;
/** Of depthwise layers, where a covariance is of a few inputs. */
const DEPTHWISE_POSITIONS = 1024;

/**
 * @param centered whether the means are taken off; else second moments take the covariances' place
 */
export function inputMoments(
  node: MomentNode,
  input: BothTensors,
  centered: boolean,
): InputMoments {
  const windows = windowsOf(node, input);
  if (node.op === 'depthwiseConv2d') return depthwiseMoments(windows, input, centered);
  const groups = node.op === 'conv2d' ? (node.groups ?? 1) : 1;
  return groups === 1
    ? denseMoments(windows, input, centered)
    : groupedMoments(windows, groups, input, centered);
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

function windowsOf(node: MomentNode, { bytes, shape }: BothTensors): Windows {
  const size = shape[0] * shape[1] * shape[2];
  const batch = bytes.length / size;
  if (node.op === 'fullyConnected') {
    const starts = Int32Array.from({ length: batch }, (_, n) => n * size);
    return { positions: batch, taps: 1, run: size, starts };
  }
  const { weights, strides, padding, output, dilations = UNDILATED } = node;
  const [kh, kw] = weights.shape;
  const [height, width] = output.shape;
  const inputShape = [batch, ...shape] as const;
  const all = batch * height * width;
  const most =
    node.op === 'depthwiseConv2d'
      ? DEPTHWISE_POSITIONS
      : Math.min(DENSE_POSITIONS, Math.ceil(DENSE_VALUES / (kh * kw * weights.shape[2])));
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
        const iy = y * strides[0] - padding.top + ky * dilations[0];
        const ix = x * strides[1] - padding.left + kx * dilations[1];
        const isInside = iy >= 0 && iy < shape[0] && ix >= 0 && ix < shape[1];
        starts[at++] = isInside ? positionIndex(inputShape, n, iy, ix) : -1;
      }
    }
  }
  return { positions, taps: kh * kw, run: shape[2], starts };
}

/** Each group's windows by themselves. */
function groupedMoments(
  windows: Windows,
  groups: number,
  input: BothTensors,
  centered: boolean,
): InputMoments {
  const run = windows.run / groups;
  const all = Array.from({ length: groups }, (_, group) => {
    const starts = windows.starts.map((start) => (start < 0 ? start : start + group * run));
    return denseMoments({ ...windows, run, starts }, input, centered);
  });
  const joined = (of: (moments: InputMoments) => Float64Array) => {
    const parts = all.map(of);
    const values = new Float64Array(groups * parts[0].length);
    parts.forEach((part, group) => {
      values.set(part, group * part.length);
    });
    return values;
  };
  const { inputs, covariances } = all[0];
  return {
    groups,
    inputs,
    means: joined(({ means }) => means),
    floatMeans: joined(({ floatMeans }) => floatMeans),
    variances: joined(({ variances }) => variances),
    covariances: covariances && {
      groups,
      inputs,
      covariance: joined((moments) => moments.covariances!.covariance),
      cross: joined((moments) => moments.covariances!.cross),
    },
  };
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
  const firsts = { groups: 1, inputs, means, floatMeans };
  if (inputs > MOST_INPUTS) {
    const squares = quantized.map((value) => value * value);
    return { ...firsts, variances: columnMeans(squares, inputs), covariances: undefined };
  }
  const left = { values: quantized, rows: positions, columns: inputs };
  const right = { values: exact, rows: positions, columns: inputs };
  const covariances = {
    groups: 1,
    inputs,
    covariance: averaged(positions, transposedProduct(left, left)),
    cross: averaged(positions, transposedProduct(left, right)),
  };
  return { ...firsts, variances: diagonalOf(covariances), covariances };
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
  // [positions, taps, channels]
  const quantized = new Float32Array(starts.length * channels);
  const exact = new Float32Array(starts.length * channels);
  for (let window = 0; window < starts.length; window++) {
    const start = starts[window];
    if (start < 0) continue;
    const to = window * channels;
    for (let c = 0; c < channels; c++) {
      quantized[to + c] = scale * (bytes[start + c] - zeroPoint);
      exact[to + c] = float[start + c];
    }
  }
  const rowMeans = columnMeans(quantized, taps * channels);
  const rowFloatMeans = columnMeans(exact, taps * channels);
  if (centered) {
    subtractFromRows(quantized, rowMeans);
    subtractFromRows(exact, rowFloatMeans);
  }
  const shape = [positions, taps, channels] as const;
  const covariances = {
    groups: channels,
    inputs: taps,
    covariance: averaged(positions, batchedProducts(quantized, quantized, shape)),
    cross: averaged(positions, batchedProducts(quantized, exact, shape)),
  };
  return {
    groups: channels,
    inputs: taps,
    means: byChannel(rowMeans, taps, channels),
    floatMeans: byChannel(rowFloatMeans, taps, channels),
    variances: diagonalOf(covariances),
    covariances,
  };
}

/** [groups, K] */
function diagonalOf({ groups, inputs, covariance }: InputCovariances): Float64Array {
  return Float64Array.from(
    { length: groups * inputs },
    (_, at) => covariance[at * inputs + (at % inputs)],
  );
}

/** [channels, taps] of [taps, channels] */
function byChannel(values: Float64Array, taps: number, channels: number): Float64Array {
  const turned = new Float64Array(values.length);
  for (let tap = 0; tap < taps; tap++) {
    for (let c = 0; c < channels; c++) turned[c * taps + tap] = values[tap * channels + c];
  }
  return turned;
}

function averaged(positions: number, sums: Float32Array): Float64Array {
  const means = new Float64Array(sums.length);
  for (let i = 0; i < sums.length; i++) means[i] = sums[i] / positions;
  return means;
}
