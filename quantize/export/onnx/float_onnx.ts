import { create, toBinary } from '@bufbuild/protobuf';
import { GraphProtoSchema, ModelProtoSchema } from '../../../foundation/onnx/generated/onnx_pb.ts';
import { byName } from '../../model/by_name.ts';
import {
  type TensorSpec,
  type Tf8Model,
  type Tf8Node,
  tensorSpecs,
  type WeightedNode,
} from '../../model/tf8_model.ts';
import { concatAxis } from '../../ops/concat.ts';
import type { ElementwiseNode } from '../../ops/elementwise.ts';
import type { LookupNode, ScalarFunction } from '../../ops/lookup.ts';
import type { PreluNode } from '../../ops/prelu.ts';
import { type NodeTable, type OpName, ofNode } from '../../ops/table.ts';
import type { Shape4 } from '../../ops/tensor.ts';
import type { TransposedConv2dNode } from '../../ops/transposed_conv2d.ts';
import { QuantizationError } from '../../params/errors.ts';
import { littleEndian } from '../../params/little_endian.ts';
import { dequantizeArray } from '../../params/quantization.ts';
import type { FloatWeights } from '../export_format.ts';
import { permuteFloats } from '../tensor_layout.ts';
import { alphaName, biasName, weightsName } from '../tensor_names.ts';
import { addArrangement, addRealZero } from './arrangement.ts';
import { floatTensor, OnnxGraph } from './graph.ts';
import { addOutputs, IR_VERSION, OPSET } from './onnx.ts';
import {
  dilationsOf,
  filterShape,
  groupsOf,
  INPUTS_FIRST,
  ONNX_AXES,
  OUTPUTS_FIRST,
  pads,
  poolAttributes,
  SLOPE_AXES,
  transposedAttributes,
} from './operators.ts';
import { addBilinear, addNearest } from './resize.ts';

/** ReLU6's. */
const SIX = 6;

/**
 * Adds the weights and biases of a layer; gives the names of the tensors that the operation reads.
 * @param shape of the weights, [kh, kw, I, O]
 * @param axes the order in which they are stored
 */
export type AddOperands = (
  node: WeightedNode,
  shape: Shape4,
  axes: readonly number[],
) => readonly [weights: string, bias: string];

const OPERATORS: NodeTable<[graph: OnnxGraph, input: TensorSpec, operands: AddOperands], void> = {
  conv2d: addConvolution,
  depthwiseConv2d: addConvolution,
  transposedConv2d: addTransposedConvolution,
  fullyConnected: addConvolution,
  averagePool2d: (node, graph) =>
    // Padded positions take no part.
    graph.node('AveragePool', node.inputs, node.name, {
      ...poolAttributes(node),
      count_include_pad: 0,
    }),
  maxPool2d: (node, graph) => graph.node('MaxPool', node.inputs, node.name, poolAttributes(node)),
  globalAveragePool: ({ name, inputs }, graph) => graph.node('GlobalAveragePool', inputs, name),
  concat: (node, graph) =>
    graph.node('Concat', node.inputs, node.name, { axis: ONNX_AXES[concatAxis(node)] }),
  add: addElementwise('Add'),
  subtract: addElementwise('Sub'),
  multiply: addElementwise('Mul'),
  lookup: addFunction,
  prelu: addPrelu,
  rearrange: (node, graph, { shape }) =>
    addArrangement(graph, node, shape, node.inputs[0], (zero) => addRealZero(graph, zero)),
  resize: (node, graph, { shape }) => {
    if (node.method === 'nearest') addNearest(graph, node, shape, node.inputs[0]);
    else addBilinear(graph, node, node.inputs[0], node.name);
  },
  maximum: ({ name, inputs }, graph) => graph.node('Max', inputs, name),
  minimum: ({ name, inputs }, graph) => graph.node('Min', inputs, name),
  requantize: ({ name, inputs }, graph) => graph.node('Identity', inputs, name),
  softmax: ({ name, inputs }, graph) => graph.node('Softmax', inputs, name, { axis: 1 }),
};

/**
 * The float network that was quantized, batch norms folded, as an ONNX model: input [1, C, H, W] float32,
 * outputs [1, C] of vectors, else [1, H, W, C]. The tensor of a node's name is its output after the activation.
 * @throws QuantizationError where a node's float weights are missing
 */
export function encodeFloatOnnx(
  model: Tf8Model,
  floatWeights: ReadonlyMap<string, FloatWeights>,
): Uint8Array {
  const graph = new OnnxGraph();
  const specs = tensorSpecs(model);
  const operands: AddOperands = (node, shape, axes) =>
    addWeights(graph, node, floatWeights.get(node.name), shape, axes);
  for (const node of model.nodes) {
    addFloatNode(graph, node, byName(specs, node.inputs[0]), operands);
  }
  const { input, name } = model;
  const [height, width, channels] = input.shape;
  const outputs = addOutputs(graph, model);
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: IR_VERSION,
      opsetImport: [{ domain: '', version: OPSET }],
      producerName: 'tf8',
      docString: `${model.provenance.floatModel}, batch norms folded (${howOf(model)})`,
      graph: create(GraphProtoSchema, {
        name,
        node: graph.nodes,
        initializer: graph.initializers,
        input: [floatTensor(input.name, [1, channels, height, width])],
        output: outputs.map(({ name, shape }) => floatTensor(name, shape)),
      }),
    }),
  );
}

/** Adds what a node is in real numbers; the tensor of its name is its output after the activation. */
export function addFloatNode(
  graph: OnnxGraph,
  node: Tf8Node,
  input: TensorSpec,
  operands: AddOperands,
): void {
  ofNode(OPERATORS, node, graph, input, operands);
}

function howOf({ provenance: { recipe, zeroVariance } }: Tf8Model): string {
  return recipe === undefined ? `zero variance: ${zeroVariance}` : `recipe: ${recipe.name}`;
}

function addConvolution(
  node: WeightedNode,
  graph: OnnxGraph,
  { shape }: TensorSpec,
  operands: AddOperands,
): void {
  const { strides, padding, inputs } = node;
  const own = filterShape(node, shape);
  const reads = [inputs[0], ...operands(node, own, OUTPUTS_FIRST)];
  graph.node('Conv', reads, linearName(node), {
    kernel_shape: own.slice(0, 2),
    strides,
    pads: pads(padding),
    ...dilationsOf(node),
    group: groupsOf(node, shape),
  });
  addActivation(graph, node);
}

/** The names of the weights and the biases. */
function addWeights(
  graph: OnnxGraph,
  { name }: WeightedNode,
  float: FloatWeights | undefined,
  own: Shape4,
  axes: readonly number[],
): readonly [string, string] {
  if (float === undefined) {
    throw new QuantizationError(`Expected the float weights of ${name} but received none`);
  }
  const stored = axes.map((axis) => own[axis]);
  const kernel = littleEndian(permuteFloats(float.kernel, own, axes));
  graph.constant(weightsName(name), 'float', stored, kernel);
  graph.constant(biasName(name), 'float', [float.bias.length], littleEndian(float.bias));
  return [weightsName(name), biasName(name)];
}

function addTransposedConvolution(
  node: TransposedConv2dNode,
  graph: OnnxGraph,
  _input: TensorSpec,
  operands: AddOperands,
): void {
  const reads = [node.inputs[0], ...operands(node, node.weights.shape, INPUTS_FIRST)];
  graph.node('ConvTranspose', reads, linearName(node), transposedAttributes(node));
  addActivation(graph, node);
}

/** The slopes as their bytes stand for them. */
function addPrelu({ name, inputs, alpha }: PreluNode, graph: OnnxGraph): void {
  const slopes = dequantizeArray(alpha.data, alpha.quantization);
  const stored = SLOPE_AXES.map((axis) => alpha.shape[axis]);
  const ordered = littleEndian(permuteFloats(slopes, alpha.shape, SLOPE_AXES));
  graph.constant(alphaName(name), 'float', stored, ordered);
  graph.node('PRelu', [inputs[0], alphaName(name)], name);
}

function addElementwise(type: 'Add' | 'Sub' | 'Mul') {
  return (node: ElementwiseNode<OpName>, graph: OnnxGraph): void => {
    graph.node(type, node.inputs, linearName(node));
    addActivation(graph, node);
  };
}

/** Functions that ONNX has, with its defaults. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  relu: 'Relu',
  sigmoid: 'Sigmoid',
  tanh: 'Tanh',
  hardSigmoid: 'HardSigmoid',
  elu: 'Elu',
  selu: 'Selu',
  softplus: 'Softplus',
  softsign: 'Softsign',
};

/** Whether ONNX has the function of a table. */
export function isOnnxFunction(f: ScalarFunction): boolean {
  return typeof f !== 'string' || f === 'relu6' || f === 'swish' || FUNCTIONS[f] !== undefined;
}

function addFunction({ name, inputs, function: f }: LookupNode, graph: OnnxGraph): void {
  const [x] = inputs;
  if (typeof f !== 'string') addGeneralRelu(graph, name, x, f);
  else if (f === 'relu6') addActivation(graph, { name, activation: f }, x);
  else if (f === 'swish') {
    graph.node('Sigmoid', [x], `${name}/sigmoid`);
    graph.node('Mul', [x, `${name}/sigmoid`], name);
  } else if (FUNCTIONS[f] !== undefined) graph.node(FUNCTIONS[f], [x], name);
  else {
    throw new QuantizationError(`Expected a function that ONNX has for ${name} but it is ${f}`, {
      remedy: 'Export in another format.',
    });
  }
}

function addGeneralRelu(
  graph: OnnxGraph,
  name: string,
  x: string,
  { max, slope, threshold }: Exclude<ScalarFunction, string>,
): void {
  const constant = (part: string, value: number) => {
    graph.constant(`${name}/${part}`, 'float', [], littleEndian(Float32Array.of(value)));
    return `${name}/${part}`;
  };
  const from = constant('threshold', threshold);
  graph.node('Greater', [x, from], `${name}/is_above`);
  if (max !== null) graph.node('Min', [x, constant('max', max)], `${name}/above`);
  graph.node('Sub', [x, from], `${name}/difference`);
  graph.node('Mul', [`${name}/difference`, constant('slope', slope)], `${name}/below`);
  const above = max === null ? x : `${name}/above`;
  graph.node('Where', [`${name}/is_above`, above, `${name}/below`], name);
}

type Activated = Pick<ElementwiseNode<OpName>, 'name' | 'activation'>;

/** What the activation reads; the node's own name where it has none. */
function linearName({ name, activation }: Activated): string {
  return activation === 'linear' ? name : `${name}/linear`;
}

function addActivation(
  graph: OnnxGraph,
  { name, activation }: Activated,
  linear = linearName({ name, activation }),
): void {
  if (activation === 'relu') graph.node('Relu', [linear], name);
  if (activation === 'relu6') {
    graph.constant(`${name}/low`, 'float', [], littleEndian(Float32Array.of(0)));
    graph.constant(`${name}/high`, 'float', [], littleEndian(Float32Array.of(SIX)));
    graph.node('Clip', [linear, `${name}/low`, `${name}/high`], name);
  }
}
