/** Operators of a `.tflite` file as nodes of a float graph. */
import { GraphError } from '../../architectures/graph/errors.ts';
import { atLeast, atMost, leakyRelu } from '../../architectures/graph/operations/functions.ts';
import * as schema from '../../foundation/flatbuffers/tflite_schema.ts';
import { FUNCTIONS } from './activations.ts';
import type { GraphDraft } from './graph_draft.ts';
import { pack, splitBySizes, stridedSlice, unpack } from './parts.ts';
import { addFunction, type ReadOperator } from './reading.ts';
import {
  blocks,
  concatenation,
  mirrorPad,
  pad,
  reshape,
  resize,
  slice,
  split,
  transpose,
} from './shapes.ts';
import type { TfliteOperator } from './tflite_file.ts';
import {
  arithmetic,
  extreme,
  fakeQuant,
  gelu,
  greatest,
  power,
  prelu,
  reduction,
  same,
  softmax,
} from './values.ts';
import {
  convolution,
  depthwiseConvolution,
  fullyConnected,
  pool,
  transposedConvolution,
} from './windows.ts';

const OPERATORS: Readonly<Record<string, ReadOperator>> = {
  ADD: arithmetic('add', schema.ADD.options),
  AVERAGE_POOL_2D: pool('averagePool2d'),
  CONCATENATION: concatenation,
  CONV_2D: convolution,
  DEPTH_TO_SPACE: blocks('depthToSpace'),
  DEPTHWISE_CONV_2D: depthwiseConvolution,
  DEQUANTIZE: same,
  DIV: arithmetic('divide', schema.ADD.options),
  EXPAND_DIMS: reshape,
  FAKE_QUANT: fakeQuant,
  FULLY_CONNECTED: fullyConnected,
  GELU: gelu,
  LEAKY_RELU: (operator, draft) =>
    addFunction(operator, draft, leakyRelu(operator.options(schema.LEAKY_RELU_SLOPE, 'alpha'))),
  MAX_POOL_2D: pool('maxPool2d'),
  MAXIMUM: extreme('maximum', atLeast),
  MEAN: reduction('mean'),
  MINIMUM: extreme('minimum', atMost),
  MIRROR_PAD: mirrorPad,
  MUL: arithmetic('multiply', schema.MUL.options),
  PACK: pack,
  PAD: pad,
  PADV2: pad,
  POW: power,
  PRELU: prelu,
  QUANTIZE: same,
  REDUCE_MAX: greatest,
  RESHAPE: reshape,
  RESIZE_BILINEAR: resize('bilinear', schema.RESIZE_BILINEAR.options),
  RESIZE_NEAREST_NEIGHBOR: resize('nearest', schema.RESIZE_NEAREST_NEIGHBOR.options),
  SLICE: slice,
  SOFTMAX: softmax,
  SPACE_TO_DEPTH: blocks('spaceToDepth'),
  SPLIT: split,
  SPLIT_V: splitBySizes,
  SQUEEZE: reshape,
  STRIDED_SLICE: stridedSlice,
  SUB: arithmetic('subtract', schema.SUB.options),
  SUM: reduction('sum'),
  TRANSPOSE: transpose,
  TRANSPOSE_CONV: transposedConvolution,
  UNPACK: unpack,
};

/**
 * Adds the nodes of one operator. What only computes shapes is left out: a file has the shapes.
 * @throws UserError naming an operator that no float graph can hold
 */
export function readOperator(operator: TfliteOperator, draft: GraphDraft): void {
  if (draft.makesIntegers(operator)) return;
  const { name } = operator;
  try {
    if (Object.hasOwn(FUNCTIONS, name)) addFunction(operator, draft, FUNCTIONS[name]);
    else if (Object.hasOwn(OPERATORS, name)) OPERATORS[name](operator, draft);
    else throw draft.unsupported(operator);
  } catch (error) {
    // Shapes that do not fit, of a node that no graph can hold.
    if (error instanceof GraphError) throw draft.unsupported(operator, error.message);
    throw error;
  }
}
