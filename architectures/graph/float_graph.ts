/**
 * The float network as the converter sees it: TF8's own operations in float, batch norms folded,
 * activations fused, every node named by the layer that holds its weights.
 */
import type { ImageShape } from '../../quantize/model/tf8_model.ts';
import type { ActivationKind } from '../../quantize/params/requantization.ts';
import type { Padding } from '../../quantize/params/window.ts';

interface FloatNodeBase {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputShape: ImageShape;
}

export interface FloatWeightedNode extends FloatNodeBase {
  readonly op: 'conv2d' | 'depthwiseConv2d' | 'fullyConnected';
  /** conv2d: [kh, kw, C, M]; depthwiseConv2d: [kh, kw, C, mult]; fullyConnected: [1, 1, K, M] */
  readonly kernel: Float32Array;
  readonly kernelShape: readonly [number, number, number, number];
  /** [M] */
  readonly bias: Float32Array;
  readonly strides: readonly [number, number];
  readonly padding: Padding;
  readonly activation: ActivationKind;
}

export interface FloatPoolNode extends FloatNodeBase {
  readonly op: 'averagePool2d' | 'maxPool2d';
  readonly windowShape: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: Padding;
}

export interface FloatGlobalAveragePoolNode extends FloatNodeBase {
  readonly op: 'globalAveragePool';
}

export interface FloatConcatNode extends FloatNodeBase {
  readonly op: 'concat';
}

export type FloatNode =
  | FloatWeightedNode
  | FloatPoolNode
  | FloatGlobalAveragePoolNode
  | FloatConcatNode;

/** What was folded into a node; every array is [M]. */
export interface FoldedBatchNorm {
  /** α = γ/√(σ² + ε), by which the weights were multiplied. */
  readonly alpha: Float64Array;
  /** σ² as trained. */
  readonly variance: Float32Array;
  /** Channels of zero variance, whether it was replaced or not. */
  readonly deadChannels: readonly number[];
}

export interface FloatGraph {
  readonly name: string;
  readonly inputName: string;
  readonly inputShape: ImageShape;
  /** In execution order; the last one makes the logits. */
  readonly nodes: readonly FloatNode[];
  /** Batch-norm channels whose variance was replaced, by the layer's name (Option 1 of the paper). */
  readonly zeroVarianceChannels: ReadonlyMap<string, readonly number[]>;
  /** By the name of the node that a batch norm was folded into. */
  readonly batchNorms: ReadonlyMap<string, FoldedBatchNorm>;
}

/** Images [N, H, W, C] as an array. */
export interface FloatImages {
  readonly values: Float32Array;
  /** [H, W, C] */
  readonly shape: ImageShape;
}

export function isWeightedFloat(node: FloatNode): node is FloatWeightedNode {
  return 'kernel' in node;
}
