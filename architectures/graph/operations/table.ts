import type { FloatNode } from '../float_node.ts';
import type { Shape } from '../shape.ts';
import { ACTIVATION } from './activation.ts';
import { ARITHMETIC } from './arithmetic.ts';
import { BATCH_NORM } from './batch_norm.ts';
import { CONCAT } from './concat.ts';
import { CONV_2D } from './conv2d.ts';
import { DEPTHWISE_CONV_2D } from './depthwise_conv2d.ts';
import { DROPOUT } from './dropout.ts';
import { EXTREME } from './extreme.ts';
import { FULLY_CONNECTED } from './fully_connected.ts';
import { GLOBAL_AVERAGE_POOL } from './global_average_pool.ts';
import type { Operation } from './operation.ts';
import { PAD } from './pad.ts';
import { POOL_2D } from './pool2d.ts';
import { PRELU } from './prelu.ts';
import { REDUCE } from './reduce.ts';
import { REQUANTIZE } from './requantize.ts';
import { RESHAPE } from './reshape.ts';
import { RESIZE } from './resize.ts';
import { SLICE } from './slice.ts';
import { SOFTMAX } from './softmax.ts';
import { SPACE_DEPTH } from './space_depth.ts';
import { TRANSPOSE } from './transpose.ts';
import { TRANSPOSED_CONV_2D } from './transposed_conv2d.ts';

/** Every operation of a float graph. */
const OPERATIONS = {
  activation: ACTIVATION,
  add: ARITHMETIC,
  averagePool2d: POOL_2D,
  batchNorm: BATCH_NORM,
  concat: CONCAT,
  conv2d: CONV_2D,
  depthToSpace: SPACE_DEPTH,
  depthwiseConv2d: DEPTHWISE_CONV_2D,
  dropout: DROPOUT,
  fullyConnected: FULLY_CONNECTED,
  globalAveragePool: GLOBAL_AVERAGE_POOL,
  maximum: EXTREME,
  maxPool2d: POOL_2D,
  mean: REDUCE,
  minimum: EXTREME,
  multiply: ARITHMETIC,
  pad: PAD,
  prelu: PRELU,
  requantize: REQUANTIZE,
  reshape: RESHAPE,
  resize: RESIZE,
  slice: SLICE,
  softmax: SOFTMAX,
  spaceToDepth: SPACE_DEPTH,
  subtract: ARITHMETIC,
  sum: REDUCE,
  transpose: TRANSPOSE,
  transposedConv2d: TRANSPOSED_CONV_2D,
} satisfies { readonly [Op in FloatNode['op']]: Operation<Extract<FloatNode, { op: Op }>> };

/** What the node's operation is: its methods take the node itself. */
export function operationOf(node: FloatNode): Operation<FloatNode> {
  return OPERATIONS[node.op];
}

/** The shape of a node's output, by those of its inputs. */
export function outputShape(node: FloatNode, inputs: readonly Shape[]): Shape {
  return operationOf(node).shape(node, inputs);
}
