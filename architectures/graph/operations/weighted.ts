/** What convolutions and fully connected layers have in common. */
import type { Padding } from '../window.ts';
import type { Activation } from './activation_function.ts';
import type { Constant, NodeBase } from './operation.ts';

/** What was folded into a node; every array is [M]. */
export interface FoldedBatchNorm {
  /** α = γ/√(σ² + ε), by which the weights were multiplied. */
  readonly alpha: Float64Array;
  /** β, the sum's mean as trained. */
  readonly beta: Float32Array;
  /** γ; |γ| is about the sum's standard deviation as trained. */
  readonly gamma: Float32Array;
  /** σ² as trained. */
  readonly variance: Float32Array;
  /** Channels of zero variance, whether it was replaced or not. */
  readonly deadChannels: readonly number[];
  /** Those whose variance was replaced (Option 1 of the paper). */
  readonly replacedChannels: readonly number[];
}

export interface WeightedNodeBase extends NodeBase {
  /** conv2d: [kh, kw, C / groups, M]; depthwiseConv2d: [kh, kw, C, mult]; fullyConnected: [1, 1, K, M] */
  readonly kernel: Float32Array;
  readonly kernelShape: readonly [number, number, number, number];
  /** [M] */
  readonly bias: Float32Array;
  readonly strides: readonly [number, number];
  /** Zeros around the image. */
  readonly padding: Padding;
  /** Of the sum. */
  readonly activation: Activation;
  /** Absent where none was. */
  readonly batchNorm?: FoldedBatchNorm;
}

export interface ConvNodeBase extends WeightedNodeBase {
  /** Distance of the kernel's taps in rows and columns; 1 unless given. */
  readonly dilations?: readonly [number, number];
}

export function weightsOf({ kernel, kernelShape, bias }: WeightedNodeBase): {
  kernel: Constant;
  bias: Constant;
} {
  return {
    kernel: { values: kernel, shape: kernelShape },
    bias: { values: bias, shape: [bias.length] },
  };
}
