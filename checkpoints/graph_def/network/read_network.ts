import {
  ABSOLUTE,
  ERROR_FUNCTION,
  EXPONENTIAL,
  NEGATIVE,
  SQUARE,
  SQUARE_ROOT,
} from '../../../architectures/graph/operations/functions.ts';
import { elements } from '../../../architectures/graph/shape.ts';
import { foldIntoKernel } from '../../input_affine.ts';
import type { Reading } from '../../read_model.ts';
import { type Operators, UnreadPart } from '../../unread_part.ts';
import { damagedGraph } from '../graph_def.ts';
import { batchNormEndingIn } from './batch_norm_arithmetic.ts';
import { evaluateConstant } from './constants.ts';
import type { FlatInput, FlatNode } from './flatten.ts';
import { UnsupportedNodeError } from './graph_source.ts';
import { imageInput, inputShapeOf } from './image_input.ts';
import { nameOfLoop } from './map_loops.ts';
import { nearestUpsamplingEndingIn } from './nearest_upsampling.ts';
import { isConvStep, type Network, type Step } from './network.ts';
import { type GraphNetwork, NetworkDraft } from './network_draft.ts';
import {
  readArithmetic,
  readBounds,
  readCast,
  readComposed,
  readFunction,
  readFusedBatchNorm,
  readLeakyRelu,
  readSum,
} from './read_arithmetic.ts';
import { readBatch } from './read_batch.ts';
import {
  readDepth,
  readResize,
  readSlice,
  readSplit,
  readStridedSlice,
  readTranspose,
} from './read_moves.ts';
import { readConcat, readDimensions, readReshape, readShape } from './read_shapes.ts';
import {
  readConvolution,
  readDilatedConvolution,
  readMaximum,
  readMirrorPad,
  readPad,
  readPool,
  readPrelu,
  readReduction,
  readTransposedConvolution,
} from './read_windows.ts';
import { dilatedConvolutionEndingIn } from './space_to_batch.ts';
import type { GraphTensor } from './tensor_proto.ts';

/** The published networks' where a graph leaves the size of its images open. */
const DEFAULT_SIDE = 224;
const MAX_SIDE = 4096;
const INPUT_CHANNELS = 3;
/** Of an image whose channels are the first axis, and more than one has whose channels are the last. */
const FRONT_CHANNELS = new Set([1, 3]);
const MAX_CHANNELS = 8;

type ReadNode = (draft: NetworkDraft, node: FlatNode) => void;

const READERS: ReadonlyMap<string, ReadNode> = new Map<string, ReadNode>([
  ['Placeholder', readInput],
  ['Conv2D', readConvolution],
  ['DepthwiseConv2dNative', readConvolution],
  ['Conv2DBackpropInput', readTransposedConvolution],
  ['BatchToSpaceND', readDilatedConvolution],
  ['MatMul', readConvolution],
  ['_FusedConv2D', readConvolution],
  ['FusedDepthwiseConv2dNative', readConvolution],
  ['_FusedDepthwiseConv2dNative', readConvolution],
  ['_FusedMatMul', readConvolution],
  ['FusedBatchNorm', readFusedBatchNorm],
  ['FusedBatchNormV2', readFusedBatchNorm],
  ['FusedBatchNormV3', readFusedBatchNorm],
  ['BiasAdd', readArithmetic],
  ['Add', readArithmetic],
  ['AddN', readSum],
  ['AddV2', readArithmetic],
  ['Sub', readArithmetic],
  ['Mul', readArithmetic],
  ['RealDiv', readArithmetic],
  ['Relu', readInPlace('relu')],
  ['Relu6', readInPlace('relu6')],
  ['Prelu', readPrelu],
  ['LeakyRelu', readLeakyRelu],
  ['Sigmoid', readFunction('sigmoid')],
  ['Tanh', readFunction('tanh')],
  ['Elu', readFunction('elu')],
  ['Selu', readFunction('selu')],
  ['Softplus', readFunction('softplus')],
  ['Softsign', readFunction('softsign')],
  ['Abs', readComposed(ABSOLUTE)],
  ['Neg', readComposed(NEGATIVE)],
  ['Square', readComposed(SQUARE)],
  ['Sqrt', readComposed(SQUARE_ROOT)],
  ['Exp', readComposed(EXPONENTIAL)],
  ['Erf', readComposed(ERROR_FUNCTION)],
  ['Minimum', readBounds],
  ['Maximum', readBounds],
  ['ClipByValue', readBounds],
  ['Pad', readPad],
  ['PadV2', readPad],
  ['MirrorPad', readMirrorPad],
  ['AvgPool', readPool],
  ['MaxPool', readPool],
  ['Mean', readReduction('mean')],
  ['Sum', readReduction('sum')],
  ['Max', readMaximum],
  ['ConcatV2', readConcat],
  ['Slice', readSlice],
  ['StridedSlice', readStridedSlice],
  ['Split', readSplit],
  ['SplitV', readSplit],
  ['Transpose', readTranspose],
  ['DepthToSpace', readDepth('depthToSpace')],
  ['SpaceToDepth', readDepth('spaceToDepth')],
  ['ResizeNearestNeighbor', readResize('nearest')],
  ['ResizeBilinear', readResize('bilinear')],
  ['Cast', readCast],
  ['Softmax', readInPlace('softmax')],
  ['Reshape', readReshape],
  ['Squeeze', readReshape],
  ['ExpandDims', readReshape],
  ['Shape', readShape],
]);

/** Sums over weights, or over what two images have: what networks are made of. */
const WEIGHTED =
  /^(_?Fused)?(Conv2D|DepthwiseConv2dNative|MatMul|Conv2DBackpropInput|Conv3D|BatchMatMul(V\d)?)$/;

/** A node's tensors are left out together. */
const OPERATORS: Operators<FlatNode, FlatNode> = {
  inputs: ({ inputs }) => inputs.map(({ node }) => node),
  outputs: (node) => [node],
  isWeighted: ({ op }) => WEIGHTED.test(op),
};

/**
 * Reads a flat graph as a network of images: each node becomes a step, goes into one (biases, products and
 * sums with constants into the convolution before them), or is a constant. Batch norms stay batch norms
 * where their statistics can be read, whether they are one node or several. Where a node is none that float
 * graphs hold, the network ends: what it reads is an output.
 * @throws UserError for several inputs of images; naming the node that the network would end before, where
 *   that leaves out more convolutions than it reads
 */
export function readNetwork(graph: GraphNetwork, reading: Reading = {}): Network {
  const draft = new NetworkDraft(graph, reading.resolution);
  const input = imageInput(graph);
  for (const node of graph.nodes) evaluate(draft, node);
  const inner = innerNodes(draft);
  const lost = new UnreadPart(OPERATORS, UnsupportedNodeError);
  for (const node of graph.nodes) {
    if (draft.constants.has(node)) continue;
    const isRead = lost.attempt(node, () => {
      if (!inner.has(node)) readNode(draft, node, input);
    });
    if (!isRead) draft.forget(node);
  }
  const { scaling, notes } = draft;
  const outputs = outputsOf(draft, lost);
  lost.requireMost(graph.nodes, outputs.size, reading, () => withoutOutputs(graph));
  return {
    steps: foldInputMap([...draft.steps.values()]),
    outputs,
    unread: lost.unread(({ name, op }) => ({ name, op: nameOfLoop(op) })),
    range: scaling.range,
    done: scaling.done,
    notes: [...notes, ...scaling.notes],
  };
}

function readNode(draft: NetworkDraft, node: FlatNode, input: FlatNode): void {
  if (node.op === 'Placeholder' && node !== input) {
    throw draft.unsupported(node, `a second input beside ${input.name}`);
  }
  if (readBatch(draft, node)) return;
  const read = READERS.get(node.op);
  if (read !== undefined) read(draft, node);
  else if (!readDimensions(draft, node)) {
    throw draft.unsupported(node, `the operation; it has ${[...READERS.keys()].join(', ')}`);
  }
}

/**
 * The graph's outputs that were reached, and what of the network is read by what is left out: names of steps
 * → tensors of the graph.
 */
function outputsOf(draft: NetworkDraft, lost: UnreadPart<FlatNode, FlatNode>): Map<string, string> {
  const { graph } = draft;
  const [first, ...others] = graph.outputs;
  const only = lost.isEmpty && others.length === 0 ? draft.find(first) : undefined;
  if (only !== undefined) return new Map([[asVector(draft, first.node, only), tensorOf(first)]]);
  const reached = new Map<string, string>();
  const read = new Map<string, string>();
  const add = (to: Map<string, string>, input: FlatInput) => {
    const step = draft.find(input);
    if (step !== undefined && !to.has(step.name)) to.set(step.name, tensorOf(input));
  };
  for (const output of graph.outputs) add(reached, output);
  for (const { inputs } of lost.all) for (const input of inputs) add(read, input);
  const ends = [...draft.steps.keys()].filter((name) => read.has(name) && !reached.has(name));
  return new Map([...reached, ...ends.map((name) => [name, read.get(name)!] as const)]);
}

function tensorOf({ node, index }: FlatInput): string {
  return index === 0 ? node.name : `${node.name}:${index}`;
}

/** A classifier's output is a vector. */
function asVector(draft: NetworkDraft, output: FlatNode, { name, shape }: Step): string {
  const classes = shape.at(-1)!;
  const isFlat = shape.length === 1 || classes < 2 || elements(shape) !== classes;
  if (isFlat) return name;
  draft.addPlain(output, 'reshape', [classes], 'flat');
  return draft.stepOf(output)!.name;
}

function withoutOutputs({ fileName, outputs }: GraphNetwork): Error {
  return damagedGraph(
    fileName,
    `expected outputs that its images make but ${outputs.map(({ node }) => node.name).join(', ')} are none`,
  );
}

/** Computes a node whose inputs are all constants. */
function evaluate({ constants }: NetworkDraft, node: FlatNode): void {
  if (constants.has(node) || node.inputs.length === 0) return;
  const inputs = node.inputs.map((input) => constants.get(input.node));
  if (inputs.includes(undefined)) return;
  const value = evaluateConstant(node, inputs as GraphTensor[]);
  if (value !== undefined) constants.set(node, value);
}

/** Nodes inside of what is spelled out (batch norms, dilated convolutions, upsampling), read with its last node. */
function innerNodes(draft: NetworkDraft): Set<FlatNode> {
  const surroundings = { constants: draft.constants, readersOf: draft.readersOf.bind(draft) };
  return new Set(
    draft.graph.nodes.flatMap((node) => [
      ...(batchNormEndingIn(node, draft)?.inner ?? []),
      ...(dilatedConvolutionEndingIn(node, surroundings)?.inner ?? []),
      ...(nearestUpsamplingEndingIn(node, surroundings.readersOf)?.inner ?? []),
    ]),
  );
}

function readInput(draft: NetworkDraft, node: FlatNode): void {
  const shape = inputShapeOf(draft.graph, node) ?? [];
  if (shape.length !== 4 && shape.length !== 0) {
    throw draft.unsupported(node, `an input of ${shape.length} dimensions; images have 4`);
  }
  const [, height, width, channels = INPUT_CHANNELS] = shape;
  const [rows, columns] = firstSize(draft, node) ??
    draft.resolution ?? [DEFAULT_SIDE, DEFAULT_SIDE];
  if (height === undefined || width === undefined) {
    draft.notes.push(
      `the graph leaves the size of its images open: it is read for ${height ?? rows} × ${width ?? columns}`,
    );
  }
  const sides = [height ?? rows, width ?? columns, channels];
  if (FRONT_CHANNELS.has(sides[0]) && sides[2] > MAX_CHANNELS) {
    throw draft.unsupported(node, `images of [${sides}], channels in front; it has channels last`);
  }
  if (sides.some((side) => side < 1 || side > MAX_SIDE)) {
    throw draft.unsupported(node, `images of [${sides}]; sides are 1 to ${MAX_SIDE}`);
  }
  draft.add(node, { op: 'input', name: node.name, inputs: [], shape: sides });
}

/** The size that images are brought to before the first convolution, where the graph does that. */
function firstSize({ graph, constants }: NetworkDraft, input: FlatNode): number[] | undefined {
  const reached = new Set([input]);
  for (const node of graph.nodes) {
    if (!node.inputs.some(({ node: from }) => reached.has(from))) continue;
    if (WEIGHTED.test(node.op)) return undefined;
    reached.add(node);
    const size = node.op.startsWith('Resize') ? node.inputs[1] : undefined;
    const values = size && constants.get(size.node)?.values;
    if (values?.length === 2) return [...values];
  }
  return undefined;
}

/** A map of the input goes into the convolution that reads it where that puts no zeros around images. */
function foldInputMap(steps: readonly Step[]): Step[] {
  const map = steps.find((step) => step.name === `${step.inputs[0]}_scaled`);
  const readers = steps.filter(({ inputs }) => map !== undefined && inputs.includes(map.name));
  const [reader] = readers;
  const isExact =
    readers.length === 1 &&
    reader.op === 'conv2d' &&
    reader.groups === undefined &&
    reader.padding === 'valid';
  if (map === undefined || !isConvStep(map) || !isExact) return [...steps];
  const affine = { scale: [...map.kernel], offset: [...map.bias!] };
  const folded = foldIntoKernel(reader.kernel, reader.kernelShape, affine);
  const bias = folded.bias.map((value, channel) => value + (reader.bias?.[channel] ?? 0));
  const inputs = map.inputs;
  return steps
    .filter((step) => step !== map)
    .map((step) => (step === reader ? { ...reader, inputs, kernel: folded.kernel, bias } : step));
}

/** An operation that leaves the shape as it is. */
function readInPlace(op: 'relu' | 'relu6' | 'softmax'): ReadNode {
  return (draft, node) => draft.addPlain(node, op, draft.image(node).shape);
}
