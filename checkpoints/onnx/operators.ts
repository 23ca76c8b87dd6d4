/** Operators of an ONNX model as nodes of a float graph. */
import { GraphError } from '../../architectures/graph/errors.ts';
import { atLeast, atMost } from '../../architectures/graph/operations/functions.ts';
import type { NodeProto } from '../../foundation/onnx/generated/onnx_pb.ts';
import type { OnnxDraft } from './draft.ts';
import { resize } from './resize.ts';
import * as shapes from './shapes.ts';
import * as values from './values.ts';
import * as windows from './windows.ts';

/** Adds an operator's nodes to a graph. */
type ReadOperator = (node: NodeProto, draft: OnnxDraft) => void;

const OPERATORS: Readonly<Record<string, ReadOperator>> = {
  Add: values.arithmetic('add'),
  AveragePool: windows.pool('averagePool2d'),
  BatchNormalization: values.batchNorm,
  Cast: shapes.cast,
  Clip: values.clip,
  Concat: shapes.concat,
  Conv: windows.convolution,
  ConvTranspose: windows.transposedConvolution,
  DepthToSpace: shapes.blocks('depthToSpace'),
  Div: values.arithmetic('divide'),
  Dropout: shapes.same,
  Elu: values.elu,
  Flatten: shapes.flatten,
  Gather: shapes.gather,
  Gelu: values.gelu,
  Gemm: shapes.gemm,
  GlobalAveragePool: shapes.globalAveragePool,
  GlobalMaxPool: windows.globalMaxPool,
  HardSigmoid: values.hardSigmoid,
  Identity: shapes.same,
  LeakyRelu: values.leaky,
  MatMul: shapes.matMul,
  Max: values.extreme('maximum', atLeast),
  MaxPool: windows.pool('maxPool2d'),
  Mean: values.mean,
  Min: values.extreme('minimum', atMost),
  Mul: values.arithmetic('multiply'),
  Pad: windows.pad,
  Pow: values.power,
  PRelu: values.prelu,
  ReduceMean: shapes.reduction('mean'),
  ReduceSum: shapes.reduction('sum'),
  Reshape: shapes.reshape,
  Resize: resize,
  Selu: values.selu,
  Slice: shapes.slice,
  Softmax: shapes.softmax,
  SpaceToDepth: shapes.blocks('spaceToDepth'),
  Split: shapes.split,
  Squeeze: shapes.squeeze,
  Sub: values.arithmetic('subtract'),
  Sum: values.arithmetic('add'),
  ThresholdedRelu: values.thresholdedRelu,
  Transpose: shapes.transpose,
  Unsqueeze: shapes.unsqueeze,
  Upsample: resize,
};

/**
 * Adds the nodes of one operator.
 * @throws UnsupportedOnnxError naming an operator that no float graph can hold, or not in this form
 */
export function readOperator(node: NodeProto, draft: OnnxDraft): void {
  if (node.output.length === 0) throw draft.unsupported(node, 'an operator without an output');
  const isOwn = node.domain === '' || node.domain === 'ai.onnx';
  if (!isOwn) throw draft.unsupported(node, `operators of ${node.domain}`);
  try {
    if (values.isFunction(node.opType)) values.plainFunction(node, draft);
    else if (Object.hasOwn(OPERATORS, node.opType)) OPERATORS[node.opType](node, draft);
    else throw draft.unsupported(node);
  } catch (error) {
    // Shapes that do not fit, of a node that no graph can hold.
    if (error instanceof GraphError) throw draft.unsupported(node, error.message);
    throw error;
  }
}
