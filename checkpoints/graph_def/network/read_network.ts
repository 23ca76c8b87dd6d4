import { UserError } from '../../../foundation/errors.ts';
import { foldIntoKernel } from '../../input_affine.ts';
import { batchNormEndingIn } from './batch_norm_arithmetic.ts';
import { evaluateConstant } from './constants.ts';
import type { FlatNode } from './flatten.ts';
import { isConvStep, type Network, type Step } from './network.ts';
import { type GraphNetwork, NetworkDraft } from './network_draft.ts';
import {
  readArithmetic,
  readBounds,
  readCast,
  readFunction,
  readFusedBatchNorm,
  readLeakyRelu,
} from './read_arithmetic.ts';
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
  readPad,
  readPool,
  readReduction,
} from './read_windows.ts';
import { dilatedConvolutionEndingIn } from './space_to_batch.ts';
import type { GraphTensor } from './tensor_proto.ts';

/** The published networks' where a graph leaves the size of its images open. */
const DEFAULT_SIDE = 224;
const MAX_SIDE = 4096;
const INPUT_CHANNELS = 3;

type ReadNode = (draft: NetworkDraft, node: FlatNode) => void;

const READERS: ReadonlyMap<string, ReadNode> = new Map<string, ReadNode>([
  ['Placeholder', readInput],
  ['Conv2D', readConvolution],
  ['DepthwiseConv2dNative', readConvolution],
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
  ['AddV2', readArithmetic],
  ['Sub', readArithmetic],
  ['Mul', readArithmetic],
  ['RealDiv', readArithmetic],
  ['Relu', readInPlace('relu')],
  ['Relu6', readInPlace('relu6')],
  ['LeakyRelu', readLeakyRelu],
  ['Sigmoid', readFunction('sigmoid')],
  ['Tanh', readFunction('tanh')],
  ['Elu', readFunction('elu')],
  ['Selu', readFunction('selu')],
  ['Softplus', readFunction('softplus')],
  ['Softsign', readFunction('softsign')],
  ['Minimum', readBounds],
  ['Maximum', readBounds],
  ['ClipByValue', readBounds],
  ['Pad', readPad],
  ['PadV2', readPad],
  ['AvgPool', readPool],
  ['MaxPool', readPool],
  ['Mean', readReduction('mean')],
  ['Sum', readReduction('sum')],
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
  ['Shape', readShape],
]);

/**
 * Reads a flat graph as a classifier of images: each node becomes a layer, goes into one (biases,
 * products and sums with constants into the convolution before them), or is a constant. Batch norms stay
 * batch norms where their statistics can be read, whether they are one node or several.
 * @throws UserError naming the node that TF8 has no operation for, and what it has
 */
export function readNetwork(graph: GraphNetwork): Network {
  const draft = new NetworkDraft(graph);
  for (const node of graph.nodes) evaluate(draft, node);
  const inner = innerNodes(draft);
  for (const node of graph.nodes) {
    if (!draft.constants.has(node) && !inner.has(node)) readNode(draft, node);
  }
  const output = graph.nodes.at(-1)!;
  const shape = draft.stepOf(output)?.shape;
  const classes = shape?.at(-1) ?? 0;
  if (shape === undefined || shape.reduce((a, b) => a * b, 1) !== classes || classes < 2) {
    throw new UserError(
      `Expected a network in ${graph.fileName} that gives a number for each class but ${output.name} gives ${shape === undefined ? 'none' : `[${shape}]`}`,
      { remedy: 'Pass a classifier.' },
    );
  }
  if (shape.length !== 1) draft.addPlain(output, 'reshape', [classes], 'flat');
  const { scaling, notes } = draft;
  return {
    steps: foldInputMap([...draft.steps.values()]),
    range: scaling.range,
    notes: [...notes, ...scaling.notes],
  };
}

function readNode(draft: NetworkDraft, node: FlatNode): void {
  const read = READERS.get(node.op);
  if (read !== undefined) read(draft, node);
  else if (!readDimensions(draft, node)) {
    throw draft.unsupported(node, `the operation; it has ${[...READERS.keys()].join(', ')}`);
  }
}

/** Computes a node whose inputs are all constants. */
function evaluate({ constants }: NetworkDraft, node: FlatNode): void {
  if (constants.has(node) || node.inputs.length === 0) return;
  const inputs = node.inputs.map((input) => constants.get(input.node));
  if (inputs.includes(undefined)) return;
  const value = evaluateConstant(node, inputs as GraphTensor[]);
  if (value !== undefined) constants.set(node, value);
}

/** Nodes inside of batch norms and dilated convolutions that are spelled out, which are read with their last node. */
function innerNodes(draft: NetworkDraft): Set<FlatNode> {
  const surroundings = { constants: draft.constants, readersOf: draft.readersOf.bind(draft) };
  return new Set(
    draft.graph.nodes.flatMap((node) => [
      ...(batchNormEndingIn(node, draft)?.inner ?? []),
      ...(dilatedConvolutionEndingIn(node, surroundings)?.inner ?? []),
    ]),
  );
}

function readInput(draft: NetworkDraft, node: FlatNode): void {
  const earlier = [...draft.steps.values()].find(({ op }) => op === 'input');
  if (earlier !== undefined) {
    throw draft.unsupported(node, `a second input beside ${earlier.name}`);
  }
  const own = node.attributes.shape('shape');
  const shape = own?.length === 4 ? own : (draft.graph.inputShape ?? own ?? []);
  if (shape.length !== 4 && shape.length !== 0) {
    throw draft.unsupported(node, `an input of ${shape.length} dimensions; images have 4`);
  }
  const [, height, width, channels = INPUT_CHANNELS] = shape;
  if (height === undefined || width === undefined) {
    draft.notes.push(
      `the graph leaves the size of its images open: it is read for ${DEFAULT_SIDE} × ${DEFAULT_SIDE}`,
    );
  }
  const sides = [height ?? DEFAULT_SIDE, width ?? DEFAULT_SIDE, channels];
  if (sides.some((side) => side < 1 || side > MAX_SIDE)) {
    throw draft.unsupported(node, `images of [${sides}]; sides are 1 to ${MAX_SIDE}`);
  }
  draft.add(node, { op: 'input', name: node.name, inputs: [], shape: sides });
}

/** A map of the input goes into the convolution that reads it where that puts no zeros around images. */
function foldInputMap(steps: readonly Step[]): Step[] {
  const map = steps.find((step) => step.name === `${step.inputs[0]}_scaled`);
  const readers = steps.filter(({ inputs }) => map !== undefined && inputs.includes(map.name));
  const [reader] = readers;
  const isExact = readers.length === 1 && reader.op === 'conv2d' && reader.padding === 'valid';
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
