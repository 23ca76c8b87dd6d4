import { byName } from '../../model/by_name.ts';
import type {
  ConcatNode,
  ImageShape,
  PoolNode,
  TensorSpec,
  Tf8Node,
  WeightedNode,
} from '../../model/tf8_model.ts';
import { concatAxis } from '../../ops/concat.ts';
import type { LookupNode } from '../../ops/lookup.ts';
import type { PreluNode } from '../../ops/prelu.ts';
import type { RearrangeNode } from '../../ops/rearrange.ts';
import type { ResizeNode } from '../../ops/resize.ts';
import { type NodeTable, ofNode } from '../../ops/table.ts';
import type { NodeBase, Shape4 } from '../../ops/tensor.ts';
import type { TransposedConv2dNode } from '../../ops/transposed_conv2d.ts';
import { littleEndian } from '../../params/little_endian.ts';
import { BYTE_MAX, type QuantizationParams } from '../../params/quantization.ts';
import { type ActivationKind, activationBounds } from '../../params/requantization.ts';
import { biasQuantization } from '../../params/weight_quantization.ts';
import type { Padding } from '../../params/window.ts';
import { SIGNED_OFFSET } from '../signed_bytes.ts';
import { permuteAxes } from '../tensor_layout.ts';
import { alphaName, biasName, tableName, weightsName } from '../tensor_names.ts';
import { addArrangement } from './arrangement.ts';
import { INT32, type OnnxGraph } from './graph.ts';
import { addBilinear, addNearest } from './resize.ts';

/** The axes of [height, width, channels] in ONNX's [1, channels, height, width]. */
export const ONNX_AXES = [2, 3, 1] as const;

/** From [kh, kw, I, O] to ONNX's [O, I, kh, kw]. */
export const OUTPUTS_FIRST = [3, 2, 0, 1] as const;

/** From [kh, kw, I, O] to [I, O, kh, kw] of a transposed convolution. */
export const INPUTS_FIRST = [2, 3, 0, 1] as const;

/** The order in which ONNX has a layer's weights. */
export function weightAxes(op: string): typeof INPUTS_FIRST | typeof OUTPUTS_FIRST {
  return op === 'transposedConv2d' ? INPUTS_FIRST : OUTPUTS_FIRST;
}

/** From [H, W, C] to [C, H, W]. */
export const SLOPE_AXES = [2, 0, 1] as const;

/** The tensor of real numbers that the bytes of `name` stand for. */
export function realName(name: string): string {
  return `${name}/real`;
}

/** Where a node's operation stands: what it reads, and the name of the real numbers that it makes. */
interface Place {
  readonly inputs: readonly string[];
  /** The bytes that they stand for, [1, C, H, W]. */
  readonly bytes: readonly string[];
  readonly real: string;
  readonly input: TensorSpec;
  readonly specs: ReadonlyMap<string, TensorSpec>;
}

type Add<Node> = (node: Node, graph: OnnxGraph, place: Place) => void;

/** What makes real numbers, and then the node's bytes of them. */
function quantized<Node extends NodeBase>(add: Add<Node>): Add<Node> {
  return (node, graph, place) => {
    add(node, graph, place);
    addOutput(graph, node, place.real);
  };
}

const OPERATORS: NodeTable<[graph: OnnxGraph, place: Place], void> = {
  conv2d: quantized(addConvolution),
  depthwiseConv2d: quantized(addConvolution),
  transposedConv2d: quantized(addTransposedConvolution),
  fullyConnected: quantized(addConvolution),
  averagePool2d: quantized((node, graph, { inputs, real, input }) =>
    addAverage(graph, node, real, poolCounts(node, input.shape), (mean) =>
      // Padded positions take no part.
      graph.node('AveragePool', inputs, mean, { ...poolAttributes(node), count_include_pad: 0 }),
    ),
  ),
  maxPool2d: quantized((node, graph, { inputs, real }) =>
    graph.node('MaxPool', inputs, real, poolAttributes(node)),
  ),
  globalAveragePool: quantized((node, graph, { inputs, real, input: { shape } }) =>
    addAverage(graph, node, real, [shape[0] * shape[1]], (mean) =>
      graph.node('GlobalAveragePool', inputs, mean),
    ),
  ),
  concat: quantized((node, graph, { real, specs }) =>
    graph.node('Concat', concatInputs(graph, node, specs), real, {
      axis: ONNX_AXES[concatAxis(node)],
    }),
  ),
  add: quantized((_node, graph, { inputs, real }) => graph.node('Add', inputs, real)),
  subtract: quantized((_node, graph, { inputs, real }) => graph.node('Sub', inputs, real)),
  multiply: quantized((_node, graph, { inputs, real }) => graph.node('Mul', inputs, real)),
  lookup: addLookup,
  prelu: quantized(addPrelu),
  rearrange: addBytesArrangement,
  resize: addResize,
  maximum: quantized((_node, graph, { inputs, real }) => graph.node('Max', inputs, real)),
  minimum: quantized((_node, graph, { inputs, real }) => graph.node('Min', inputs, real)),
  requantize: ({ name, inputs, output }, graph, { input }) => {
    addRequantization(graph, name, inputs[0], input.shape[2], output.quantization);
  },
  softmax: quantized((_node, graph, { inputs, real }) =>
    graph.node('Softmax', inputs, real, { axis: 1 }),
  ),
};

/**
 * Adds a node in the form that runtimes fuse into integer arithmetic: DequantizeLinear → operation →
 * QuantizeLinear. The tensor of the node's name holds its bytes, [1, C, H, W].
 * @param bytesOf the tensor of an input's bytes
 */
export function addNode(
  graph: OnnxGraph,
  node: Tf8Node,
  specs: ReadonlyMap<string, TensorSpec>,
  bytesOf: (input: string) => string,
): void {
  ofNode(OPERATORS, node, graph, {
    inputs: node.inputs.map(realName),
    bytes: node.inputs.map(bytesOf),
    real: `${node.name}/unquantized`,
    input: byName(specs, node.inputs[0]),
    specs,
  });
}

/** The bytes, as uint8, are the indices of what is gathered from the table: exact whatever the function. */
function addLookup({ name, output, table }: LookupNode, graph: OnnxGraph, { bytes }: Place): void {
  const indices = `${name}/indices`;
  if (graph.bytes === 'uint8') graph.node('Cast', bytes, indices, { to: INT32 });
  else {
    const [cast, offset] = [`${name}/cast`, `${name}/offset`];
    graph.node('Cast', bytes, cast, { to: INT32 });
    graph.constant(offset, 'int32', [], littleEndian(Int32Array.of(SIGNED_OFFSET)));
    graph.node('Add', [cast, offset], indices);
  }
  graph.byteConstant(tableName(name), [table.length], table);
  graph.node('Gather', [tableName(name), indices], name, { axis: 0 });
  graph.dequantize(name, output.quantization, realName(name));
}

/** Bytes are moved as they are. */
function addBytesArrangement(node: RearrangeNode, graph: OnnxGraph, { input, bytes }: Place): void {
  const { name, output } = node;
  const { shape, quantization } = input;
  addArrangement(graph, node, shape, bytes[0], (zero) =>
    graph.byteConstant(zero, [], Uint8Array.of(quantization.zeroPoint)),
  );
  graph.dequantize(name, output.quantization, realName(name));
}

/** Bytes of rows and columns that come several times; values between them in real numbers. */
function addResize(node: ResizeNode, graph: OnnxGraph, place: Place): void {
  const { name, output } = node;
  if (node.method === 'bilinear') {
    addBilinear(graph, node, place.inputs[0], place.real);
    addOutput(graph, node, place.real);
    return;
  }
  addNearest(graph, node, place.input.shape, place.bytes[0]);
  graph.dequantize(name, output.quantization, realName(name));
}

/** QuantizeLinear to the node's bytes; it saturates at 0 and 255, which most activations amount to. */
function addOutput(
  graph: OnnxGraph,
  node: NodeBase & { readonly activation?: ActivationKind },
  real: string,
): void {
  const { name, output } = node;
  const { low, high } =
    node.activation !== undefined
      ? activationBounds(node.activation, output.quantization)
      : { low: 0, high: BYTE_MAX };
  if (low === 0 && high === BYTE_MAX) {
    graph.quantize(real, name, output.quantization);
  } else {
    const unclipped = `${name}/unclipped`;
    graph.quantize(real, unclipped, output.quantization);
    graph.byteConstant(`${name}/low`, [], Uint8Array.of(low));
    graph.byteConstant(`${name}/high`, [], Uint8Array.of(high));
    graph.node('Clip', [unclipped, `${name}/low`, `${name}/high`], name);
  }
  graph.dequantize(name, output.quantization, realName(name));
}

function addConvolution(
  node: WeightedNode,
  graph: OnnxGraph,
  { inputs: [input], real, input: { shape, quantization } }: Place,
): void {
  const { strides, padding } = node;
  const own = filterShape(node, shape);
  const operands = addWeights(graph, node, own, OUTPUTS_FIRST, quantization);
  graph.node('Conv', [input, ...operands], real, {
    kernel_shape: own.slice(0, 2),
    strides,
    pads: pads(padding),
    ...dilationsOf(node),
    group: groupsOf(node, shape),
  });
}

/** The names of the real weights and biases; the weights of shape `own` are stored in the order of `axes`. */
function addWeights(
  graph: OnnxGraph,
  { name, weights, bias }: WeightedNode,
  own: Shape4,
  axes: readonly number[],
  input: QuantizationParams,
): string[] {
  const stored = axes.map((axis) => own[axis]);
  const filter = weightsName(name);
  graph.byteConstant(filter, stored, permuteAxes(weights.data, own, axes));
  graph.constant(biasName(name), 'int32', [bias.length], littleEndian(bias));
  const biases = biasQuantization(input.scale, weights.quantization);
  const channelAxis = axes.indexOf(3);
  return [
    graph.dequantize(filter, weights.quantization, realName(filter), channelAxis),
    graph.dequantizeInt32(biasName(name), biases, realName(biasName(name))),
  ];
}

function addTransposedConvolution(
  node: TransposedConv2dNode,
  graph: OnnxGraph,
  { inputs: [input], real, input: { quantization } }: Place,
): void {
  const { shape } = node.weights;
  const operands = addWeights(graph, node, shape, INPUTS_FIRST, quantization);
  graph.node('ConvTranspose', [input, ...operands], real, transposedAttributes(node));
}

export function transposedAttributes(node: TransposedConv2dNode) {
  const { weights, strides, padding, outputPadding } = node;
  return {
    kernel_shape: weights.shape.slice(0, 2),
    strides,
    pads: pads(padding),
    ...(outputPadding && { output_padding: outputPadding }),
  };
}

/** The slopes of a PReLU in ONNX's order of axes: [C, H, W], or [C, 1, 1]. */
function addPrelu(
  { name, alpha }: PreluNode,
  graph: OnnxGraph,
  { inputs: [input], real }: Place,
): void {
  const slopes = alphaName(name);
  const stored = SLOPE_AXES.map((axis) => alpha.shape[axis]);
  graph.byteConstant(slopes, stored, permuteAxes(alpha.data, alpha.shape, SLOPE_AXES));
  const dequantized = graph.dequantize(slopes, alpha.quantization, realName(slopes));
  graph.node('PRelu', [input, dequantized], real);
}

/** What a concatenation joins: inputs at other parameters than its output's are brought to these first. */
function concatInputs(
  graph: OnnxGraph,
  { name, inputs, output }: ConcatNode,
  specs: ReadonlyMap<string, TensorSpec>,
): string[] {
  return inputs.map((input, index) => {
    const { shape, quantization } = byName(specs, input);
    const isSame =
      quantization.scale === output.quantization.scale &&
      quantization.zeroPoint === output.quantization.zeroPoint;
    if (isSame) return realName(input);
    return addRequantization(graph, `${name}/input_${index}`, input, shape[2], output.quantization);
  });
}

/**
 * Bytes at other parameters by eq. 5, which runtimes keep to in convolutions only: a depthwise
 * 1 × 1 convolution with weights 1 at scale 1. Gives the name of the real numbers.
 */
function addRequantization(
  graph: OnnxGraph,
  name: string,
  source: string,
  channels: number,
  to: QuantizationParams,
): string {
  const [ones, unquantized] = [`${name}/ones`, `${name}/unquantized`];
  const zeroPoint = graph.bytes === 'uint8' ? 0 : SIGNED_OFFSET;
  const data = new Uint8Array(channels).fill(zeroPoint + 1);
  graph.byteConstant(ones, [channels, 1, 1, 1], data);
  const filter = graph.dequantize(ones, { scale: 1, zeroPoint }, realName(ones));
  graph.node('Conv', [realName(source), filter], unquantized, {
    kernel_shape: [1, 1],
    strides: [1, 1],
    pads: [0, 0, 0, 0],
    group: channels,
  });
  graph.quantize(unquantized, name, to);
  return graph.dequantize(name, to, realName(name));
}

/**
 * A node's weights as [kh, kw, I / groups, O]. Output channel c · depthMultiplier + m of a depthwise
 * convolution belongs to group c in ONNX as in TF8. A fully connected layer is a convolution with a
 * window as large as the image: TF8 takes its inputs by rows, columns and channels.
 */
export function filterShape({ op, weights }: WeightedNode, image: ImageShape): Shape4 {
  const [kernelHeight, kernelWidth, depth, last] = weights.shape;
  if (op === 'depthwiseConv2d') return [kernelHeight, kernelWidth, 1, depth * last];
  return op === 'fullyConnected' ? [...image, last] : weights.shape;
}

/**
 * An average that rounds as eq. 6 does. QuantizeLinear sends ties to the even byte, eq. 6 to the
 * greater one. Only an even number n of positions has ties; any other mean is 1 / (2n) of a byte or more
 * away from one. So 1 / (4n) of a byte added to the mean sends the ties up and changes nothing else.
 * @param counts numbers of positions that windows of the pool average over
 * @param addMean adds the operation that makes the tensor of that name
 */
function addAverage(
  graph: OnnxGraph,
  { name, output }: Tf8Node,
  real: string,
  counts: readonly number[],
  addMean: (mean: string) => void,
): void {
  if (counts.every((count) => count % 2 === 1)) {
    addMean(real);
    return;
  }
  const nudge = output.quantization.scale / (4 * Math.max(...counts));
  const [mean, constant] = [`${name}/mean`, `${name}/quarter`];
  graph.constant(constant, 'float', [], littleEndian(Float32Array.of(nudge)));
  addMean(mean);
  graph.node('Add', [mean, constant], real);
}

/** Numbers of positions in the image that the windows of a pool hold. */
function poolCounts(
  { windowShape, strides, padding, output }: PoolNode,
  [height, width]: ImageShape,
): number[] {
  const rows = spans(output.shape[0], height, windowShape[0], strides[0], padding.top);
  const columns = spans(output.shape[1], width, windowShape[1], strides[1], padding.left);
  return rows.flatMap((row) => columns.map((column) => row * column));
}

/** Along one axis: how much of the window lies in the image, for each different window. */
function spans(
  positions: number,
  size: number,
  window: number,
  stride: number,
  before: number,
): number[] {
  const lengths = Array.from({ length: positions }, (_, position) => {
    const start = position * stride - before;
    return Math.min(start + window, size) - Math.max(start, 0);
  });
  return [...new Set(lengths)];
}

/** Runs of the input's channels that outputs of their own read. */
export function groupsOf(node: WeightedNode, [, , channels]: ImageShape): number {
  if (node.op === 'depthwiseConv2d') return channels;
  return node.op === 'conv2d' ? (node.groups ?? 1) : 1;
}

/** The dilations of a convolution; ONNX takes 1 where there are none. */
export function dilationsOf(node: WeightedNode): { readonly dilations?: readonly number[] } {
  return 'dilations' in node && node.dilations ? { dilations: node.dilations } : {};
}

export function poolAttributes({ windowShape, strides, padding }: PoolNode) {
  return { kernel_shape: windowShape, strides, pads: pads(padding) };
}

export function pads({ top, bottom, left, right }: Padding): number[] {
  return [top, left, bottom, right];
}
