/** Nodes that read an image by windows, or as a whole: convolutions, padding, pools. */
import type { FloatNode } from '../../../architectures/graph/float_node.ts';
import { outputShape } from '../../../architectures/graph/operations/table.ts';
import { mirroredNodes } from '../../mirrored_borders.ts';
import type { FlatNode } from './flatten.ts';
import { type PadStep, type Step, withAffine } from './network.ts';
import type { NetworkDraft } from './network_draft.ts';
import {
  convolutionOf,
  fusedOps,
  paddingBefore,
  poolOf,
  transposedConvolutionOf,
} from './node_layers.ts';
import { addOperation } from './read_moves.ts';
import { dimensionsOf } from './read_shapes.ts';
import { dilatedConvolutionEndingIn } from './space_to_batch.ts';

const MAX_PADDING = 4096;

/** Steps that give no value below 0, and those that give none where their inputs have none. */
const BOUNDED: ReadonlySet<Step['op']> = new Set(['relu', 'relu6']);
const KEEPS_SIGN: ReadonlySet<Step['op']> = new Set([
  'maxPool2d',
  'averagePool2d',
  'pad',
  'concat',
]);

/** A convolution or matrix product, with the bias and activation that are fused into it. */
export function readConvolution(draft: NetworkDraft, node: FlatNode): void {
  addConvolution(draft, node, node, padded(draft, node));
}

/** Inputs: the output's shape, the weights, the image. A shape that is not known is the usual one. */
export function readTransposedConvolution(draft: NetworkDraft, node: FlatNode): void {
  const { fileName } = draft.graph;
  const shape = dimensionsOf(draft, node.inputs[0].node)?.values.slice(1, 3);
  const size = shape?.every((side) => side > 0) ? shape : undefined;
  const x = draft.image(node, 2);
  draft.add(node, transposedConvolutionOf(node, x, draft.floats(node, 1), size, fileName));
}

/** TensorFlow.js' converter has a node for it. */
export function readPrelu(draft: NetworkDraft, node: FlatNode): void {
  addPrelu(draft, node, draft.image(node), draft.floats(node, 1), node.name);
}

function addPrelu(
  draft: NetworkDraft,
  node: FlatNode,
  x: Step,
  { shape, values }: { readonly shape: readonly number[]; readonly values: Float32Array },
  name: string,
): void {
  const missing = Math.max(0, x.shape.length - shape.length);
  // The batch in front may be one of its sides.
  const alphaShape = [...Array<number>(missing).fill(1), ...shape].slice(-x.shape.length);
  const fits = alphaShape.every((side, axis) => side === x.shape[axis] || side === 1);
  if (!fits) throw draft.unsupported(node, `slopes [${shape}] of [${x.shape}]`);
  draft.add(node, {
    op: 'prelu',
    name,
    inputs: [x.name],
    shape: x.shape,
    alpha: values,
    alphaShape,
  });
}

/** A convolution whose taps lie apart, spelled out: see `dilatedConvolutionEndingIn`. */
export function readDilatedConvolution(draft: NetworkDraft, node: FlatNode): void {
  const { constants } = draft;
  const found = dilatedConvolutionEndingIn(node, {
    constants,
    readersOf: draft.readersOf.bind(draft),
  });
  if (found === undefined) {
    throw draft.unsupported(
      node,
      'the operation, except where it ends a dilated convolution: SpaceToBatchND, Conv2D or DepthwiseConv2dNative, BatchToSpaceND',
    );
  }
  const { convolution, dilations, padding } = found;
  const x = draft.imageFrom(convolution, found.x);
  const isPadded = padding.flat().some((side) => side !== 0);
  const image = isPadded ? addPad(draft, convolution, x, padding, `${node.name}/padding`) : x;
  addConvolution(draft, node, convolution, image, dilations);
}

/** Adds `convolution` over `x`, which makes the output of `node`. */
function addConvolution(
  draft: NetworkDraft,
  node: FlatNode,
  convolution: FlatNode,
  x: Step,
  dilations?: readonly [number, number],
): void {
  const { fileName } = draft.graph;
  const fused = fusedOps(convolution, fileName);
  let step = convolutionOf(convolution, x, draft.floats(convolution, 1), fileName, dilations);
  const channels = step.shape.at(-1)!;
  if (fused[0] === 'BiasAdd') {
    const bias = draft.channels(convolution, draft.constantOf(convolution, 2), channels);
    step = withAffine(step, new Float32Array(channels).fill(1), bias);
  }
  draft.add(node, step);
  const activation = fused.find((op) => op !== 'BiasAdd');
  if (activation === undefined) return;
  if (activation === 'Prelu') {
    const slopes = draft.floats(convolution, fused.includes('BiasAdd') ? 3 : 2);
    addPrelu(draft, node, draft.stepOf(node)!, slopes, `${node.name}/activation`);
    return;
  }
  draft.addPlain(node, activation === 'Relu' ? 'relu' : 'relu6', step.shape, 'activation');
}

/** An image's own rows and columns around it. */
export function readMirrorPad(draft: NetworkDraft, node: FlatNode): void {
  const x = draft.image(node);
  const sides = [...(draft.constantOf(node, 1).values ?? [])];
  const [, , top, bottom, left, right] = sides;
  const isOfImage = sides.length === 8 && [0, 1, 6, 7].every((at) => sides[at] === 0);
  const mirror = node.attributes.text('mode') === 'SYMMETRIC' ? 'symmetric' : 'reflect';
  const base = { name: node.name, inputs: [x.name] };
  const nodes = isOfImage
    ? mirroredNodes(base, x.shape, { top, bottom, left, right }, mirror)
    : undefined;
  if (nodes === undefined) {
    throw draft.unsupported(node, `borders of [${sides}] around [${x.shape}]`);
  }
  const shapes = new Map([[x.name, x.shape]]);
  for (const { name, inputs, ...operation } of nodes) {
    const shape = outputShape(
      { name, inputs, ...operation } as FloatNode,
      inputs.map((from) => shapes.get(from)!),
    );
    shapes.set(name, shape);
    const place = { name, inputs, shape };
    if (operation.op === 'concat')
      draft.add(node, { ...place, op: 'concat', axis: operation.axis });
    else if (operation.op === 'slice') draft.add(node, { ...place, op: 'operation', operation });
    else draft.addPlain(node, 'reshape', shape); // none around it
  }
}

/** Zeros around an image, or channels of zeros. */
export function readPad(draft: NetworkDraft, node: FlatNode): void {
  const value = node.inputs.length > 2 ? draft.constantOf(node, 2).values?.[0] : 0;
  const sides = [...(draft.constantOf(node, 1).values ?? [])];
  const [n0, n1, top, bottom, left, right, c0, c1] = sides;
  if (sides.length !== 8 || [n0, n1, value].some((side) => side !== 0)) {
    throw draft.unsupported(node, 'a padding that is not of zeros around images');
  }
  const padding = [
    [top, bottom],
    [left, right],
  ] as const;
  const x = draft.image(node);
  if (c0 === 0 && c1 === 0) addPad(draft, node, x, padding, node.name);
  else addChannels(draft, node, addPad(draft, node, x, padding, `${node.name}/around`), [c0, c1]);
}

/** Channels of zeros before and behind an image's: columns of zeros of the image turned, [H, C, W]. */
function addChannels(
  draft: NetworkDraft,
  node: FlatNode,
  x: Step,
  [before, behind]: readonly [number, number],
): void {
  const [height, width, channels] = x.shape;
  const turn = { op: 'transpose', permutation: [0, 2, 1] } as const;
  const turned = draft.add(node, {
    op: 'operation',
    name: `${node.name}/turned`,
    inputs: [x.name],
    shape: [height, channels, width],
    operation: turn,
  });
  const sides = [
    [0, 0],
    [before, behind],
  ] as const;
  const wider = addPad(draft, node, turned, sides, `${node.name}/channels`);
  draft.add(node, {
    op: 'operation',
    name: node.name,
    inputs: [wider.name],
    shape: [height, width, channels + before + behind],
    operation: turn,
  });
}

/** Zeros around an image are no part of a maximum, but change none where no value is below them. */
export function readPool(draft: NetworkDraft, node: FlatNode): void {
  const x = padded(draft, node);
  const source = draft.image(node);
  if (node.op === 'MaxPool' && x !== source && !isNonNegative(draft, source)) {
    throw draft.unsupported(
      node,
      'EXPLICIT padding around values that may be negative; TF8 has it behind ReLU and ReLU6',
    );
  }
  const step = poolOf(node, x, draft.graph.fileName);
  const isGlobal =
    step.op === 'averagePool2d' &&
    step.padding === 'valid' &&
    step.window.join() === x.shape.slice(0, 2).join();
  if (isGlobal) addGlobalPool(draft, node, x, true);
  else draft.add(node, step);
}

/** Whether no value can be below 0; each step is looked at once, however many read it. */
function isNonNegative(draft: NetworkDraft, step: Step): boolean {
  const seen = new Set<Step>([step]);
  for (const { op, inputs } of seen) {
    if (BOUNDED.has(op)) continue;
    if (!KEEPS_SIGN.has(op)) return false;
    for (const name of inputs) seen.add(draft.steps.get(name)!);
  }
  return true;
}

/** The mean or the sum over any axes but the batch's. */
export function readReduction(op: 'mean' | 'sum') {
  return (draft: NetworkDraft, node: FlatNode): void => {
    const x = draft.image(node);
    const { length } = x.shape;
    const values = [...(draft.constantOf(node, 1).values ?? [])];
    const own = new Set(values.map((axis) => (axis < 0 ? axis + length + 1 : axis)));
    const axes = [...own].sort();
    const keepDims = node.attributes.flag('keep_dims') ?? false;
    if (op === 'mean' && length === 3 && axes.join() === '1,2') {
      addGlobalPool(draft, node, x, keepDims);
      return;
    }
    const isInImage = axes.every((axis) => Number.isInteger(axis) && axis >= 1 && axis <= length);
    if (axes.length === 0 || !isInImage || (axes.length === length && !keepDims)) {
      throw draft.unsupported(
        node,
        `a ${op} over the axes [${axes}] of [N,${x.shape}]; TF8 has those that leave the images apart, and values of each`,
      );
    }
    const operation = { op, axes: axes.map((axis) => axis - 1), keepDims } as const;
    const kept = x.shape.map((side, axis) => (own.has(axis + 1) ? 1 : side));
    const shape = keepDims ? kept : kept.filter((_, axis) => !own.has(axis + 1));
    addOperation(draft, node, x, shape, operation);
  };
}

/** The maximum over rows and columns. */
export function readMaximum(draft: NetworkDraft, node: FlatNode): void {
  const x = draft.image(node);
  const { shape, name: input } = x;
  const axes = [...(draft.constantOf(node, 1).values ?? [])]
    .map((axis) => (axis < 0 ? axis + shape.length + 1 : axis))
    .sort();
  if (shape.length !== 3 || axes.join() !== '1,2') {
    throw draft.unsupported(
      node,
      `a maximum over the axes [${axes}] of [${shape}]; TF8 has that over rows and columns`,
    );
  }
  const [height, width, channels] = shape;
  const window = [height, width] as const;
  const { name } = node;
  const place = { name, inputs: [input], shape: [1, 1, channels], window, strides: window };
  draft.add(node, { op: 'maxPool2d', ...place, padding: 'valid' });
  if (!node.attributes.flag('keep_dims')) draft.addPlain(node, 'reshape', [channels], 'flat');
}

function addGlobalPool(draft: NetworkDraft, node: FlatNode, x: Step, keepsImage: boolean): void {
  const channels = x.shape[2];
  const { name } = node;
  draft.add(node, { op: 'globalAveragePool', name, inputs: [x.name], shape: [channels] });
  if (keepsImage) draft.addPlain(node, 'reshape', [1, 1, channels], 'image');
}

/** What a node reads, with `EXPLICIT` padding as a step of its own. */
function padded(draft: NetworkDraft, node: FlatNode): Step {
  const x = draft.image(node);
  const padding = paddingBefore(node, draft.graph.fileName);
  return padding === undefined ? x : addPad(draft, node, x, padding, `${node.name}/padding`);
}

function addPad(
  draft: NetworkDraft,
  node: FlatNode,
  x: Step,
  padding: PadStep['padding'],
  name: string,
): Step {
  const [[top, bottom], [left, right]] = padding;
  const [height, width, channels] = x.shape;
  const sides = [top, bottom, left, right];
  if (sides.every((side) => side === 0) && name !== node.name) return x;
  if (x.shape.length !== 3 || sides.some((side) => !(side >= 0 && side <= MAX_PADDING))) {
    throw draft.unsupported(node, `a padding of [${sides}] around [${x.shape}]`);
  }
  const shape = [height + top + bottom, width + left + right, channels];
  return draft.add(node, { op: 'pad', name, inputs: [x.name], shape, padding });
}
