import type { WeightedNode } from '../model/tf8_model.ts';
import { accumulatorScale, type QuantizationParams } from '../params/quantization.ts';
import { activationBounds } from '../params/requantization.ts';
import { clamp, roundHalfEven } from '../params/rounding.ts';
import { weightScale } from '../params/weight_quantization.ts';
import { biasLimit } from './layer_weights.ts';

/** Where few of a channel's values are between its bounds, a step may be so many times the error. */
const LARGEST_STEP = 4;

/** Positions that means are taken of, at most: the same ones in both tensors that are compared. */
const POSITIONS = 16_384;

/** Rows that are taken of a tensor [rows, C]: all of them or every so many. */
function stride(rows: number): number {
  return Math.max(1, Math.floor(rows / POSITIONS));
}

/** [C] the mean of each channel of a tensor [..., C], over some of its positions. */
export function channelMeans(values: Float32Array, channels: number): Float64Array {
  const sums = new Float64Array(channels);
  const step = channels * stride(values.length / channels);
  let positions = 0;
  for (let start = 0; start < values.length; start += step) {
    for (let c = 0; c < channels; c++) sums[c] += values[start + c];
    positions++;
  }
  return sums.map((sum) => sum / positions);
}

/**
 * One step of bias correction after the activation: each channel's bias moves by the error of its output's
 * mean, over the share of its values that move with the bias. After arXiv 1906.04721, section 4.2,
 * whose correction before the activation cannot see what clipping does.
 * @param bytes [..., M] what the layer makes now
 * @param target [M] the means (`channelMeans`) of the float layer's output for the same images
 * @returns the layer with its new biases, and the root mean square of the errors before them
 */
export function correctMeans(
  node: WeightedNode,
  input: QuantizationParams,
  bytes: Uint8Array,
  target: Float64Array,
): { readonly node: WeightedNode; readonly error: number } {
  const { output, weights, bias: before, activation } = node;
  const channels = before.length;
  const { scale, zeroPoint } = output.quantization;
  const { low, high } = activationBounds(activation, output.quantization);
  // At most 2 · POSITIONS · 255 fits int32.
  const sums = new Int32Array(channels);
  const moving = new Int32Array(channels);
  const moves = Uint8Array.from({ length: 256 }, (_, byte) => Number(byte > low && byte < high));
  const step = channels * stride(bytes.length / channels);
  let positions = 0;
  for (let start = 0; start < bytes.length; start += step) {
    for (let c = 0; c < channels; c++) {
      const byte = bytes[start + c];
      sums[c] += byte;
      moving[c] += moves[byte];
    }
    positions++;
  }
  let squares = 0;
  const bias = before.map((value, c) => {
    const accumulator = accumulatorScale(input.scale, weightScale(weights.quantization, c));
    const limit = Math.floor(biasLimit(node, input, weights.quantization, c) / accumulator);
    const error = target[c] - scale * (sums[c] / positions - zeroPoint);
    squares += error * error;
    const share = Math.max(moving[c] / positions, 1 / LARGEST_STEP);
    const change = roundHalfEven(error / share / accumulator);
    return clamp(value + change, Math.min(-limit, value), Math.max(limit, value));
  });
  return { node: { ...node, bias }, error: Math.sqrt(squares / channels) };
}
