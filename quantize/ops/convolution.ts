import { requireZeroPoint } from '../params/quantization.ts';
import { elements } from '../params/shape.ts';
import { dilatedWindow, type Padding, windowPositions } from '../params/window.ts';
import { requireDisjoint, requireLength, requireRequantization, requireShape } from './check.ts';
import type { NodeTensors } from './operation.ts';
import { Pair } from './schema.ts';
import { batchShape, type ImageShape, type NodeBase, type Shape4 } from './tensor.ts';
import {
  type WeightedCall,
  type WeightedFields,
  weightedCall,
  weightedHeader,
  weightedSince,
} from './weights.ts';
import { requireWindow } from './window.ts';

/** What conv2d and depthwiseConv2d have in common. */

export interface ConvolutionFields extends WeightedFields {
  /** Rows and columns from one tap of the window to the next; absent where both are 1. */
  readonly dilations?: readonly [number, number];
}

/** The fields of a convolution in a file. */
export function convolutionHeader<Op extends string>(op: Op) {
  return weightedHeader(op).extend({ dilations: Pair.exactOptional() });
}

/** The version of the file that has what a convolution asks for. */
export function convolutionSince(node: ConvolutionFields): 1 | 2 | 3 {
  const ofWeights = weightedSince(node);
  return node.dilations !== undefined && ofWeights === 1 ? 2 : ofWeights;
}

/** Rows and columns of the output, without its channels. */
export function convolutionPositions(
  { weights, dilations, strides, padding }: ConvolutionFields,
  [height, width]: ImageShape,
): [number, number] {
  const window = dilatedWindow([weights.shape[0], weights.shape[1]], dilations);
  return windowPositions([height, width], window, strides, padding);
}

export interface ConvolutionCall extends WeightedCall {
  /** [N, H, W, C] uint8 */
  readonly input: Uint8Array;
  readonly inputShape: Shape4;
  /** conv2d: [kh, kw, C / groups, M]; depthwiseConv2d: [kh, kw, C, depthMultiplier] */
  readonly filterShape: Shape4;
  readonly strides: readonly [number, number];
  readonly padding: Padding;
  /** 1 unless given. */
  readonly dilations?: readonly [number, number];
  /** [N, H', W', M] uint8, H' = ⌊(H + top + bottom − (kh − 1) · dilation − 1) / stride⌋ + 1 */
  readonly output: Uint8Array;
  readonly outputShape: Shape4;
}

export function convolutionCall(
  node: NodeBase & ConvolutionFields,
  { batch, inputs: [input], output, rounding }: NodeTensors,
): ConvolutionCall {
  return {
    input: input.data,
    inputShape: batchShape(batch, input.shape),
    output,
    outputShape: batchShape(batch, node.output.shape),
    ...weightedCall(node, input, rounding),
    filterShape: node.weights.shape,
    strides: node.strides,
    padding: node.padding,
    ...(node.dilations && { dilations: node.dilations }),
  };
}

/** All but the channels. */
export function checkConvolution(call: ConvolutionCall): void {
  requireShape('inputShape', call.inputShape);
  requireShape('filterShape', call.filterShape);
  requireShape('outputShape', call.outputShape);
  requireLength('input', call.input, elements(call.inputShape));
  requireLength('filter', call.filter, elements(call.filterShape));
  requireLength('bias', call.bias, call.outputShape[3]);
  requireLength('output', call.output, elements(call.outputShape));
  requireWindow(call, [call.filterShape[0], call.filterShape[1]], call.outputShape);
  requireZeroPoint('inputZeroPoint', call.inputZeroPoint);
  requireZeroPoint('filterZeroPoint', call.filterZeroPoint);
  requireRequantization(call, call.outputShape[3]);
  requireDisjoint('input', call.input, call.output);
}
