import { DEPTHWISE_CONV_2D, PADDING } from '../../../foundation/flatbuffers/tflite_schema.ts';
import type { TensorSpec } from '../../model/tf8_model.ts';
import type { NodeBase } from '../../ops/tensor.ts';
import { littleEndian } from '../../params/little_endian.ts';
import { accumulatorScale } from '../../params/quantization.ts';
import { SIGNED_OFFSET } from '../signed_bytes.ts';
import type { TfliteGraph } from './graph.ts';

/** Windows of more positions are too near to ties for single precision. */
const MAX_POSITIONS = 2 ** 12;

export interface AverageWindow {
  /** [height, width] */
  readonly window: readonly [number, number];
  readonly strides: readonly [number, number];
}

/**
 * Whether a mean over this window, without padding, is one of int8 that LiteRT's AVERAGE_POOL_2D rounds otherwise:
 * it sends ties away from 0, eq. 6 up, and only an even number of positions has ties.
 */
export function roundsOtherwise(graph: TfliteGraph, { window }: AverageWindow): boolean {
  const positions = window[0] * window[1];
  return graph.bytes === 'int8' && positions % 2 === 0 && positions <= MAX_POSITIONS;
}

/**
 * Eq. 6 over n positions, n even, as a depthwise convolution with weights 1 / n: 2 at scale 1 / (2n), and the bias 1,
 * half of what lies between two sums. acc = 2 · Σ (q − zeroPoint) + 1 is odd and n times an odd number is even, so
 * that acc / (2n) is at least 1 / (2n) away from a tie, upwards of what was one. In single precision it is off by
 * 256 · 3 · 2⁻²⁴ at most, less than 1 / (2n) for n ≤ 2¹².
 */
export function addAverageConvolution(
  graph: TfliteGraph,
  { name, inputs, output }: NodeBase,
  { quantization, shape }: TensorSpec,
  { window: [height, width], strides }: AverageWindow,
): void {
  const channels = shape[2];
  const scale = Math.fround(1 / (2 * height * width));
  const size = height * width * channels;
  const weights = graph.tensor(`${name}/shares`, {
    shape: [1, height, width, channels],
    quantization: { scale, zeroPoint: SIGNED_OFFSET },
    data: new Uint8Array(size).fill(SIGNED_OFFSET + 2),
  });
  const bias = graph.tensor(`${name}/half`, {
    shape: [channels],
    type: 'int32',
    quantization: { scale: accumulatorScale(quantization.scale, scale), zeroPoint: 0 },
    data: littleEndian(new Int32Array(channels).fill(1)),
  });
  const made = graph.tensor(name, {
    shape: [1, ...output.shape],
    quantization: output.quantization,
  });
  graph.operator(DEPTHWISE_CONV_2D, [graph.index(inputs[0]), weights, bias], made, {
    padding: PADDING.valid,
    strideHeight: strides[0],
    strideWidth: strides[1],
    dilationHeight: 1,
    dilationWidth: 1,
    depthMultiplier: 1,
  });
}
