import {
  ADD,
  AVERAGE_POOL_2D,
  CAST,
  CONCATENATION,
  CONV_2D,
  DEPTH_TO_SPACE,
  DEPTHWISE_CONV_2D,
  FULLY_CONNECTED,
  GATHER,
  MAX_POOL_2D,
  MAXIMUM,
  MINIMUM,
  MUL,
  PAD,
  PADDING,
  PRELU,
  RESHAPE,
  RESIZE_BILINEAR,
  RESIZE_NEAREST_NEIGHBOR,
  SLICE,
  SOFTMAX,
  SPACE_TO_DEPTH,
  STRIDED_SLICE,
  SUB,
  TENSOR_TYPE,
  TRANSPOSE,
  TRANSPOSE_CONV,
} from '../../../foundation/flatbuffers/tflite_schema.ts';
import { byName } from '../../model/by_name.ts';
import type {
  ConcatNode,
  PoolNode,
  TensorSpec,
  Tf8Node,
  WeightedNode,
} from '../../model/tf8_model.ts';
import { concatAxis } from '../../ops/concat.ts';
import type { Conv2dNode } from '../../ops/conv2d.ts';
import type { DepthwiseConv2dNode } from '../../ops/depthwise_conv2d.ts';
import type { ElementwiseNode } from '../../ops/elementwise.ts';
import type { GlobalAveragePoolNode } from '../../ops/global_average_pool.ts';
import type { PreluNode } from '../../ops/prelu.ts';
import type { RearrangeNode } from '../../ops/rearrange.ts';
import type { RequantizeNode } from '../../ops/requantize.ts';
import type { ResizeNode } from '../../ops/resize.ts';
import { type NodeTable, type OpName, ofNode } from '../../ops/table.ts';
import type { NodeBase } from '../../ops/tensor.ts';
import type { TransposedConv2dNode } from '../../ops/transposed_conv2d.ts';
import { isSummandScale } from '../../params/addition.ts';
import { QuantizationError } from '../../params/errors.ts';
import { littleEndian } from '../../params/little_endian.ts';
import type { QuantizationParams } from '../../params/quantization.ts';
import { requantizationTable } from '../../params/requantization_table.ts';
import {
  biasQuantization,
  isPerChannel,
  SYMMETRIC_ZERO_POINT,
} from '../../params/weight_quantization.ts';
import {
  dilatedWindow,
  NO_PADDING,
  type Padding,
  samePadding,
  UNDILATED,
} from '../../params/window.ts';
import { SIGNED_OFFSET } from '../signed_bytes.ts';
import { permuteAxes } from '../tensor_layout.ts';
import { alphaName, biasName, tableName, weightsName } from '../tensor_names.ts';
import { fusedActivation } from './activation.ts';
import { addAverageConvolution, roundsOtherwise } from './average.ts';
import type { TfliteGraph } from './graph.ts';

/** From TF8's order of weights to TFLite's: [O, kh, kw, I], and [O, K] of a fully connected layer. */
export const OUTPUTS_FIRST = [3, 0, 1, 2] as const;

type ConvolutionNode = Conv2dNode | DepthwiseConv2dNode;

type Specs = ReadonlyMap<string, TensorSpec>;

const OPERATORS: NodeTable<[graph: TfliteGraph, input: TensorSpec, specs: Specs], void> = {
  conv2d: addConvolution,
  depthwiseConv2d: addConvolution,
  transposedConv2d: addTransposedConvolution,
  fullyConnected: addFullyConnected,
  averagePool2d: addPool,
  maxPool2d: addPool,
  globalAveragePool: addGlobalPool,
  concat: addConcatenation,
  add: addElementwise(ADD),
  subtract: addElementwise(SUB),
  multiply: addElementwise(MUL),
  lookup: (node, graph) => addTable(graph, node, node.table),
  prelu: addPrelu,
  rearrange: addArrangement,
  resize: addResize,
  maximum: addExtreme(MAXIMUM),
  minimum: addExtreme(MINIMUM),
  requantize: addRequantize,
  softmax: (node, graph) =>
    graph.operator(SOFTMAX, [graph.index(node.inputs[0])], addOutput(graph, node), { beta: 1 }),
};

/** Adds a node's operators; the tensor of the node's name is its output, [1, H, W, C]. */
export function addNode(graph: TfliteGraph, node: Tf8Node, specs: Specs): void {
  ofNode(OPERATORS, node, graph, byName(specs, node.inputs[0]), specs);
}

function addConvolution(node: ConvolutionNode, graph: TfliteGraph, input: TensorSpec): void {
  requireWeights(graph, node);
  const { name, weights, strides } = node;
  const [kernelHeight, kernelWidth, depth, last] = weights.shape;
  const dilations = node.dilations ?? UNDILATED;
  const window = dilatedWindow([kernelHeight, kernelWidth], dilations);
  const padding = tflitePadding(input, window, node);
  const source = graph.index(node.inputs[0]);
  const image =
    padding === undefined ? addPad(graph, `${name}/padded`, source, input, node.padding) : source;
  const { activation, bias } = addBias(graph, node, input);
  const common = {
    padding: padding ?? PADDING.valid,
    strideHeight: strides[0],
    strideWidth: strides[1],
    dilationHeight: dilations[0],
    dilationWidth: dilations[1],
    activation,
  };
  const { quantization } = weights;
  if (node.op === 'conv2d') {
    const filter = graph.tensor(weightsName(name), {
      shape: [last, kernelHeight, kernelWidth, depth],
      quantization,
      data: permuteAxes(weights.data, weights.shape, OUTPUTS_FIRST),
    });
    graph.operator(CONV_2D, [image, filter, bias], addOutput(graph, node), common);
    return;
  }
  // Channel m of the output is m mod depthMultiplier of input channel ⌊m / depthMultiplier⌋, in both.
  const filter = graph.tensor(weightsName(name), {
    shape: [1, kernelHeight, kernelWidth, depth * last],
    quantization,
    channelAxis: 3,
    data: weights.data,
  });
  graph.operator(DEPTHWISE_CONV_2D, [image, filter, bias], addOutput(graph, node), {
    ...common,
    depthMultiplier: last,
  });
}

/** With padding that is neither SAME's nor VALID's, VALID's output as far as ours goes, and then a slice of it. */
function addTransposedConvolution(
  node: TransposedConv2dNode,
  graph: TfliteGraph,
  input: TensorSpec,
): void {
  requireWeights(graph, node);
  const { name, weights, strides, padding, output } = node;
  const [kernelHeight, kernelWidth, , outputs] = weights.shape;
  const window = [kernelHeight, kernelWidth] as const;
  const numbers = (part: string, values: readonly number[]) =>
    graph.tensor(`${name}/${part}`, {
      shape: [values.length],
      type: 'int32',
      data: littleEndian(Int32Array.from(values)),
    });
  const kind = transposedPadding(output, input, window, node);
  const begin = [padding.top, padding.left];
  const whole = begin.map((before, axis) => {
    const reached = (input.shape[axis] - 1) * strides[axis] + window[axis];
    return Math.max(reached, before + output.shape[axis]);
  });
  const [height, width] = kind === undefined ? whole : output.shape;
  const { activation, bias } = addBias(graph, node, input);
  const filter = graph.tensor(weightsName(name), {
    shape: OUTPUTS_FIRST.map((axis) => weights.shape[axis]),
    quantization: weights.quantization,
    data: permuteAxes(weights.data, weights.shape, OUTPUTS_FIRST),
  });
  const shape = numbers('output_shape', [1, height, width, outputs]);
  const made =
    kind === undefined
      ? graph.tensor(`${name}/whole`, {
          shape: [1, height, width, outputs],
          quantization: output.quantization,
        })
      : addOutput(graph, node);
  const source = graph.index(node.inputs[0]);
  graph.operator(TRANSPOSE_CONV, [shape, filter, source, bias], made, {
    padding: kind ?? PADDING.valid,
    strideHeight: strides[0],
    strideWidth: strides[1],
    activation,
  });
  if (kind !== undefined) return;
  const bounds = [numbers('begin', [0, ...begin, 0]), numbers('size', [1, ...output.shape])];
  graph.operator(SLICE, [made, ...bounds], addOutput(graph, node), {});
}

/** TFLite's name for what is cut off a transposed convolution; undefined where it has none. */
function transposedPadding(
  { shape }: TensorSpec,
  input: TensorSpec,
  window: readonly [number, number],
  { padding, strides }: TransposedConv2dNode,
): number | undefined {
  const isFirst = ({ top, left }: Padding) => padding.top === top && padding.left === left;
  const same = samePadding([shape[0], shape[1]], window, strides);
  const positions = ([0, 1] as const).map((axis) => Math.ceil(shape[axis] / strides[axis]));
  if (positions[0] === input.shape[0] && positions[1] === input.shape[1] && isFirst(same)) {
    return PADDING.same;
  }
  const isWhole = ([0, 1] as const).every(
    (axis) => Math.floor((shape[axis] - window[axis]) / strides[axis]) + 1 === input.shape[axis],
  );
  return isWhole && padding.top === 0 && padding.left === 0 ? PADDING.valid : undefined;
}

/** LiteRT's own arithmetic is eq. 12. */
function addPrelu({ name, inputs, alpha, output }: PreluNode, graph: TfliteGraph): void {
  const slopes = graph.tensor(alphaName(name), {
    shape: alpha.shape,
    quantization: alpha.quantization,
    data: alpha.data,
  });
  const result = graph.tensor(name, {
    shape: [1, ...output.shape],
    quantization: output.quantization,
  });
  graph.operator(PRELU, [graph.index(inputs[0]), slopes], result, {});
}

function addFullyConnected(node: WeightedNode, graph: TfliteGraph, input: TensorSpec): void {
  requireWeights(graph, node);
  const { name, weights, output } = node;
  const [, , depth, outputs] = weights.shape;
  const { activation, bias } = addBias(graph, node, input);
  const filter = graph.tensor(weightsName(name), {
    shape: [outputs, depth],
    quantization: weights.quantization,
    data: permuteAxes(weights.data, weights.shape, OUTPUTS_FIRST),
  });
  const flat = graph.tensor(`${name}/flat`, {
    shape: [1, outputs],
    quantization: output.quantization,
  });
  const source = graph.index(node.inputs[0]);
  graph.operator(FULLY_CONNECTED, [source, filter, bias], flat, { activation });
  addReshape(graph, flat, addOutput(graph, node), [-1, ...output.shape]);
}

function addPool(node: PoolNode, graph: TfliteGraph, input: TensorSpec): void {
  const { windowShape, strides, op } = node;
  const average = { window: windowShape, strides };
  const isPadded = Object.values(node.padding).some((side) => side > 0);
  if (op === 'averagePool2d' && !isPadded && roundsOtherwise(graph, average)) {
    addAverageConvolution(graph, node, input, average);
    return;
  }
  const padding = tflitePadding(input, windowShape, node);
  // No byte is less than 0, so zeros around the image change no maximum.
  const isPaddable = op === 'maxPool2d' && input.quantization.zeroPoint === 0;
  if (padding === undefined && !isPaddable) {
    throw new QuantizationError(
      `Expected padding "same" or "valid" in ${node.name}, the only ones of TFLite's pools, but received ${JSON.stringify(node.padding)}`,
      { remedy: 'Export to onnx, whose pools have any padding.' },
    );
  }
  const kind = op === 'averagePool2d' ? AVERAGE_POOL_2D : MAX_POOL_2D;
  const source = graph.index(node.inputs[0]);
  const image =
    padding === undefined
      ? addPad(graph, `${node.name}/padded`, source, input, node.padding)
      : source;
  graph.operator(kind, [image], addOutput(graph, node), {
    padding: padding ?? PADDING.valid,
    strideHeight: strides[0],
    strideWidth: strides[1],
    filterHeight: windowShape[0],
    filterWidth: windowShape[1],
  });
}

/** An average over a window as large as the image: LiteRT's MEAN rounds otherwise. */
function addGlobalPool(node: GlobalAveragePoolNode, graph: TfliteGraph, input: TensorSpec): void {
  const [height, width] = input.shape;
  const window = { windowShape: [height, width], strides: [1, 1], padding: NO_PADDING } as const;
  addPool({ ...node, op: 'averagePool2d', ...window }, graph, input);
}

/** LiteRT's own arithmetic is eq. 9, of a product eq. 5 (XNNPACK). */
function addElementwise(kind: typeof ADD | typeof SUB | typeof MUL) {
  return (
    node: ElementwiseNode<OpName>,
    graph: TfliteGraph,
    _input: TensorSpec,
    specs: Specs,
  ): void => {
    const { name, inputs, activation, output } = node;
    if (kind !== MUL) for (const input of inputs) requireSummand(node, byName(specs, input));
    graph.operator(
      kind,
      inputs.map((input) => graph.index(input)),
      addOutput(graph, node),
      {
        activation: fusedActivation(name, activation, output.quantization),
      },
    );
  };
}

/** @throws QuantizationError naming a sum that XNNPACK leaves to a kernel that rounds otherwise */
function requireSummand({ name, output }: NodeBase, { quantization: { scale } }: TensorSpec): void {
  if (isSummandScale(scale, output.quantization.scale)) return;
  throw new QuantizationError(
    `Expected the scales of the inputs of ${name} within [2⁻¹⁰, 2⁸) of its own, ${output.quantization.scale}, which TFLite's ADD and SUB need, but one is ${scale}`,
    { remedy: 'Quantize the float model again: such inputs are brought to another scale first.' },
  );
}

/** At parameters that are the output's: LiteRT compares bytes. */
function addExtreme(kind: typeof MAXIMUM | typeof MINIMUM) {
  return (node: NodeBase, graph: TfliteGraph): void => {
    const inputs = node.inputs.map((input) => graph.index(input));
    graph.operator(kind, inputs, addOutput(graph, node), {});
  };
}

/** By the convolution of `addRequantization`, unless XNNPACK has none of so large a multiplier: then from a table. */
function addRequantize(node: RequantizeNode, graph: TfliteGraph, input: TensorSpec): void {
  const { name, inputs, output } = node;
  const { scale } = output.quantization;
  if (input.quantization.scale / scale < MULTIPLIER_LIMIT) {
    addRequantization(graph, name, graph.index(inputs[0]), input, output.quantization);
  } else {
    addTable(graph, node, requantizationTable(input.quantization, output.quantization));
  }
}

/** XNNPACK's convolutions have smaller ones. */
const MULTIPLIER_LIMIT = 256;

/** XNNPACK's bilinear weights are those of eq. 13. */
function addResize(node: ResizeNode, graph: TfliteGraph): void {
  const { name, inputs, method, corners, output } = node;
  const size = graph.tensor(`${name}/size`, {
    shape: [2],
    type: 'int32',
    data: littleEndian(Int32Array.from(output.shape.slice(0, 2))),
  });
  const sources = [graph.index(inputs[0]), size];
  const options = {
    alignCorners: corners === 'aligned',
    halfPixelCenters: corners === 'halfPixel',
  };
  const to = addOutput(graph, node);
  if (method === 'bilinear') graph.operator(RESIZE_BILINEAR, sources, to, options);
  else graph.operator(RESIZE_NEAREST_NEIGHBOR, sources, to, options);
}

/** The bytes, as uint8, are the indices of what is gathered from the table: exact whatever the function. */
function addTable(graph: TfliteGraph, node: NodeBase, table: Uint8Array): void {
  const { name, inputs, output } = node;
  const shape = [1, ...output.shape];
  const cast = graph.tensor(graph.bytes === 'uint8' ? `${name}/indices` : `${name}/cast`, {
    shape,
    type: 'int32',
  });
  graph.operator(CAST, [graph.index(inputs[0])], cast, {
    from: TENSOR_TYPE[graph.bytes],
    to: TENSOR_TYPE.int32,
  });
  const indices = graph.bytes === 'uint8' ? cast : addOffset(graph, name, cast, shape);
  const { quantization } = output;
  const stored = graph.tensor(tableName(name), {
    shape: [table.length],
    quantization,
    data: table,
  });
  graph.operator(GATHER, [stored, indices], addOutput(graph, node), { axis: 0 });
}

/** 128 more, from int8 to what the same bytes are as uint8. */
function addOffset(
  graph: TfliteGraph,
  name: string,
  signed: number,
  shape: readonly number[],
): number {
  const offset = graph.tensor(`${name}/offset`, {
    shape: [1],
    type: 'int32',
    data: littleEndian(Int32Array.of(SIGNED_OFFSET)),
  });
  const indices = graph.tensor(`${name}/indices`, { shape, type: 'int32' });
  graph.operator(ADD, [signed, offset], indices, { activation: 0 });
  return indices;
}

function addConcatenation(
  node: ConcatNode,
  graph: TfliteGraph,
  _input: TensorSpec,
  specs: Specs,
): void {
  const { quantization } = node.output;
  const inputs = node.inputs.map((name, index) => {
    const spec = byName(specs, name);
    const source = graph.index(name);
    const { scale, zeroPoint } = spec.quantization;
    if (scale === quantization.scale && zeroPoint === quantization.zeroPoint) return source;
    return addRequantization(graph, `${node.name}/input_${index}`, source, spec, quantization);
  });
  graph.operator(CONCATENATION, inputs, addOutput(graph, node), {
    axis: 1 + concatAxis(node),
  });
}

/**
 * A tensor at other parameters by eq. 5: a 1 × 1 depthwise convolution whose weights are 1, at
 * scale 1 and zero point 0 of the graph's bytes, so that its accumulator is q − zeroPoint and its
 * multiplier scaleIn / scaleOut. (TFLite's QUANTIZE and its CONCATENATION of unlike inputs round otherwise.)
 */
function addRequantization(
  graph: TfliteGraph,
  name: string,
  source: number,
  { shape, quantization: from }: TensorSpec,
  to: QuantizationParams,
): number {
  const channels = shape[2];
  const zeroPoint = graph.bytes === 'uint8' ? 0 : SIGNED_OFFSET;
  const ones = graph.tensor(`${name}/ones`, {
    shape: [1, 1, 1, channels],
    quantization: { scale: 1, zeroPoint },
    data: new Uint8Array(channels).fill(zeroPoint + 1),
  });
  const zeros = graph.tensor(`${name}/zeros`, {
    shape: [channels],
    type: 'int32',
    quantization: { scale: from.scale, zeroPoint: 0 },
    data: new Uint8Array(4 * channels),
  });
  const output = graph.tensor(name, { shape: [1, ...shape], quantization: to });
  graph.operator(DEPTHWISE_CONV_2D, [source, ones, zeros], output, {
    padding: PADDING.valid,
    strideHeight: 1,
    strideWidth: 1,
    dilationHeight: 1,
    dilationWidth: 1,
    depthMultiplier: 1,
  });
  return output;
}

/** Operators that move bytes, and compute nothing. */
function addArrangement(node: RearrangeNode, graph: TfliteGraph, input: TensorSpec): void {
  const { name, arrangement, output } = node;
  const source = graph.index(node.inputs[0]);
  const numbers = (part: string, values: readonly number[]) =>
    graph.tensor(`${name}/${part}`, {
      shape: [values.length],
      type: 'int32',
      data: littleEndian(Int32Array.from(values)),
    });
  switch (arrangement.kind) {
    case 'pad':
      addPad(graph, name, source, input, arrangement.padding);
      return;
    case 'slice': {
      const { begin, strides } = arrangement;
      const last = output.shape.map((size, axis) => begin[axis] + (size - 1) * strides[axis]);
      const bounds = [
        numbers('begin', [0, ...begin]),
        numbers('end', [1, ...last.map((place) => place + 1)]),
        numbers('strides', [1, ...strides]),
      ];
      graph.operator(STRIDED_SLICE, [source, ...bounds], addOutput(graph, node), {});
      return;
    }
    case 'transpose': {
      const order = numbers('order', [0, ...arrangement.permutation.map((axis) => axis + 1)]);
      graph.operator(TRANSPOSE, [source, order], addOutput(graph, node), {});
      return;
    }
    case 'reshape':
      addReshape(graph, source, addOutput(graph, node), [-1, ...output.shape]);
      return;
    case 'depthToSpace':
    case 'spaceToDepth': {
      const kind = arrangement.kind === 'depthToSpace' ? DEPTH_TO_SPACE : SPACE_TO_DEPTH;
      const { block } = arrangement;
      graph.operator(kind, [source], addOutput(graph, node), { blockSize: block });
      return;
    }
    case 'repeat': {
      const size = numbers('size', output.shape.slice(0, 2));
      // Centres lie well within the pixels that they belong to: no rounding moves them out.
      const corners = { alignCorners: false, halfPixelCenters: true };
      graph.operator(RESIZE_NEAREST_NEIGHBOR, [source, size], addOutput(graph, node), corners);
      return;
    }
  }
}

/** The image with rows and columns of its zero point around it. */
function addPad(
  graph: TfliteGraph,
  name: string,
  source: number,
  { shape, quantization }: TensorSpec,
  { top, bottom, left, right }: Padding,
): number {
  const [height, width, channels] = shape;
  const amounts = graph.tensor(`${name}/amounts`, {
    shape: [4, 2],
    type: 'int32',
    data: littleEndian(Int32Array.of(0, 0, top, bottom, left, right, 0, 0)),
  });
  const padded = graph.tensor(name, {
    shape: [1, top + height + bottom, left + width + right, channels],
    quantization,
  });
  graph.operator(PAD, [source, amounts], padded, {});
  return padded;
}

/** @param newShape −1 stands for the batch */
export function addReshape(
  graph: TfliteGraph,
  source: number,
  output: number,
  newShape: readonly number[],
): void {
  graph.operator(RESHAPE, [source], output, { newShape });
}

/** @throws QuantizationError naming a layer whose weights LiteRT has not for the graph's bytes */
function requireWeights(graph: TfliteGraph, { name, weights }: WeightedNode): void {
  const { quantization } = weights;
  if (graph.bytes === 'uint8') {
    if (!isPerChannel(quantization)) return;
    throw new QuantizationError(
      `Expected one scale for the weights of ${name}, since LiteRT has no uint8 weights with one a channel, but it has ${quantization.scales.length}`,
      { remedy: 'Export to tflite-int8.' },
    );
  }
  if (quantization.zeroPoint === SYMMETRIC_ZERO_POINT) return;
  throw new QuantizationError(
    `Expected symmetric weights of ${name}, since LiteRT's int8 weights have the zero point 0 (128 of uint8), but theirs is ${quantization.zeroPoint - SIGNED_OFFSET}`,
    {
      remedy:
        'Quantize with the recipe per-channel, or one with "symmetric": true; or export to tflite.',
    },
  );
}

function addBias(graph: TfliteGraph, node: WeightedNode, input: TensorSpec) {
  const { name, weights, activation, output } = node;
  return {
    bias: graph.tensor(biasName(name), {
      shape: [node.bias.length],
      type: 'int32',
      quantization: biasQuantization(input.quantization.scale, weights.quantization),
      data: littleEndian(node.bias),
    }),
    activation: fusedActivation(name, activation, output.quantization),
  };
}

function addOutput(graph: TfliteGraph, { name, output }: NodeBase): number {
  const { shape, quantization } = output;
  return graph.tensor(name, { shape: [1, ...shape], quantization });
}

/** TFLite's name for the padding; undefined where it has none. */
function tflitePadding(
  { shape: [height, width] }: TensorSpec,
  window: readonly [number, number],
  { padding, strides }: { padding: Padding; strides: readonly [number, number] },
): number | undefined {
  const { top, bottom, left, right } = padding;
  if (top + bottom + left + right === 0) return PADDING.valid;
  const same = samePadding([height, width], window, strides);
  const isSame = (Object.keys(same) as (keyof Padding)[]).every(
    (side) => same[side] === padding[side],
  );
  return isSame ? PADDING.same : undefined;
}
