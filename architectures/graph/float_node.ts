import type { FloatActivationNode } from './operations/activation.ts';
import type { FloatArithmeticNode } from './operations/arithmetic.ts';
import type { FloatBatchNormNode } from './operations/batch_norm.ts';
import type { FloatConcatNode } from './operations/concat.ts';
import type { FloatConv2dNode } from './operations/conv2d.ts';
import type { FloatDepthwiseConv2dNode } from './operations/depthwise_conv2d.ts';
import type { FloatDropoutNode } from './operations/dropout.ts';
import type { FloatExtremeNode } from './operations/extreme.ts';
import type { FloatFullyConnectedNode } from './operations/fully_connected.ts';
import type { FloatGlobalAveragePoolNode } from './operations/global_average_pool.ts';
import type { FloatPadNode } from './operations/pad.ts';
import type { FloatPoolNode } from './operations/pool2d.ts';
import type { FloatPreluNode } from './operations/prelu.ts';
import type { FloatReduceNode } from './operations/reduce.ts';
import type { FloatRequantizeNode } from './operations/requantize.ts';
import type { FloatReshapeNode } from './operations/reshape.ts';
import type { FloatResizeNode } from './operations/resize.ts';
import type { FloatSliceNode } from './operations/slice.ts';
import type { FloatSoftmaxNode } from './operations/softmax.ts';
import type { FloatSpaceDepthNode } from './operations/space_depth.ts';
import type { FloatTransposeNode } from './operations/transpose.ts';
import type { FloatTransposedConv2dNode } from './operations/transposed_conv2d.ts';

/** Nodes with weights and a bias. */
export type FloatWeightedNode =
  | FloatConv2dNode
  | FloatDepthwiseConv2dNode
  | FloatFullyConnectedNode
  | FloatTransposedConv2dNode;

/** An operation of a float graph on its tensors; each makes one. */
export type FloatNode =
  | FloatWeightedNode
  | FloatActivationNode
  | FloatArithmeticNode
  | FloatBatchNormNode
  | FloatConcatNode
  | FloatDropoutNode
  | FloatExtremeNode
  | FloatGlobalAveragePoolNode
  | FloatPadNode
  | FloatPoolNode
  | FloatPreluNode
  | FloatReduceNode
  | FloatRequantizeNode
  | FloatReshapeNode
  | FloatResizeNode
  | FloatSliceNode
  | FloatSoftmaxNode
  | FloatSpaceDepthNode
  | FloatTransposeNode;

/** Nodes whose result may go through an activation of their own. */
export type FloatActivatedNode = FloatWeightedNode | FloatArithmeticNode;

export function isActivated(node: FloatNode): node is FloatActivatedNode {
  return 'activation' in node && node.op !== 'activation';
}

export function isWeightedFloat(node: FloatNode): node is FloatWeightedNode {
  return 'kernel' in node;
}
