/** Nodes that compute with each channel by itself: batch norms, biases, bounds. */
import type {
  ComposedActivation,
  Expression,
} from '../../../architectures/graph/operations/activation_function.ts';
import { IDENTITY } from '../../input_affine.ts';
import { batchNormEndingIn } from './batch_norm_arithmetic.ts';
import type { FlatInput, FlatNode } from './flatten.ts';
import {
  type BatchNormStep,
  type FunctionStep,
  isConvStep,
  type Step,
  withAffine,
} from './network.ts';
import type { NetworkDraft } from './network_draft.ts';
import { addOperation } from './read_moves.ts';
import { readDimensions } from './read_shapes.ts';

/** ε of a batch norm that only multiplies and adds; its variance makes σ² + ε one. */
const NEUTRAL_EPSILON = 0.001;
/** Of the operation's definition. */
const DEFAULT_EPSILON = 0.0001;

type BatchNormValues = Pick<BatchNormStep, 'gamma' | 'beta' | 'mean' | 'variance' | 'epsilon'>;

/** FusedBatchNorm, V2 and V3: x, γ, β, μ, σ². */
export function readFusedBatchNorm(draft: NetworkDraft, node: FlatNode): void {
  const { attributes } = node;
  const format = attributes.text('data_format') ?? 'NHWC';
  if (format !== 'NHWC') throw draft.unsupported(node, `the data format ${format}`);
  if (attributes.flag('is_training') !== false) {
    throw draft.unsupported(node, 'a batch norm in training; freeze the graph for inference');
  }
  const x = draft.image(node);
  const channels = x.shape.at(-1)!;
  const [gamma, beta, mean, variance] = [1, 2, 3, 4].map((index) =>
    draft.channels(node, draft.constantOf(node, index), channels),
  );
  const epsilon = attributes.real('epsilon') ?? DEFAULT_EPSILON;
  addBatchNorm(draft, node, x, {
    gamma,
    beta: beta,
    mean,
    variance: variance,
    epsilon,
  });
}

/** A batch norm that is spelled out, or a product or sum with a constant of the channels. */
export function readArithmetic(draft: NetworkDraft, node: FlatNode): void {
  if (readDimensions(draft, node)) return;
  const found = batchNormEndingIn(node, draft);
  if (found !== undefined) {
    const x = draft.imageFrom(node, { node: found.x, output: undefined, index: 0 });
    const channels = x.shape.at(-1)!;
    const of = (constant: FlatNode) =>
      draft.channels(node, draft.constants.get(constant)!, channels);
    addBatchNorm(draft, node, x, {
      gamma: found.gamma === undefined ? filled(channels, 1) : of(found.gamma),
      beta: of(found.beta),
      mean: of(found.mean),
      variance: of(found.variance),
      epsilon: found.epsilon,
    });
    return;
  }
  const [left, right] = node.inputs;
  if (left === undefined || right === undefined) throw draft.unsupported(node, 'its inputs');
  const isReversed = draft.constants.has(left.node);
  const [from, constant] = isReversed ? [right, left] : [left, right];
  const tensor = draft.constants.get(constant.node);
  if (tensor === undefined) {
    addOfImages(draft, node, [left, right]);
    return;
  }
  const producer = draft.sourceOf(node, from);
  const values = draft.channels(node, tensor, producer.shape.at(-1)!);
  const affine = affineOf(node.op, values, isReversed);
  if (affine === undefined) throw draft.unsupported(node, 'a constant divided by an image');
  addAffine(draft, node, from.node, producer, affine);
}

/** What is computed of two images, position by position; one value a channel, [1, 1, C], meets every position. */
function addOfImages(draft: NetworkDraft, node: FlatNode, inputs: readonly FlatInput[]): void {
  const op = OF_IMAGES.get(node.op);
  if (op === undefined) {
    throw draft.unsupported(
      node,
      'between two images; it has sums, differences, products, minima and maxima of them',
    );
  }
  const [a, b] = inputs.map((input) => draft.sourceOf(node, input));
  const fits = a.shape.every((side, axis) => {
    const other = b.shape[axis];
    return side === other || side === 1 || other === 1;
  });
  if (a.shape.length !== b.shape.length || !fits) {
    throw draft.unsupported(node, `images of [${a.shape}] and [${b.shape}]`);
  }
  const shape = a.shape.map((side, axis) => Math.max(side, b.shape[axis]));
  const { name } = node;
  const names = [a.name, b.name];
  if (op === 'subtract') {
    const operation = { op, activation: 'linear' } as const;
    draft.add(node, { op: 'operation', name, inputs: names, shape, operation });
  } else {
    draft.add(node, { op, name, inputs: names, shape });
  }
}

/** The sum of images of one size. */
export function readSum(draft: NetworkDraft, node: FlatNode): void {
  const images = node.inputs.map((_, index) => draft.image(node, index));
  const [{ shape }] = images;
  if (images.some((image) => image.shape.join() !== shape.join())) {
    const shapes = images.map((image) => `[${image.shape}]`).join(', ');
    throw draft.unsupported(node, `images of ${shapes}`);
  }
  const { name } = node;
  const inputs = images.map((image) => image.name);
  if (inputs.length === 1) draft.pass(node, images[0]);
  else draft.add(node, { op: 'add', name, inputs, shape });
}

const OF_IMAGES: ReadonlyMap<string, 'add' | 'maximum' | 'minimum' | 'multiply' | 'subtract'> =
  new Map([
    ['Add', 'add'],
    ['AddV2', 'add'],
    ['Maximum', 'maximum'],
    ['Minimum', 'minimum'],
    ['Mul', 'multiply'],
    ['Sub', 'subtract'],
  ] as const);

/** The lesser or greater of two images, or of an image and a constant: a ReLU where it is one. */
export function readBounds(draft: NetworkDraft, node: FlatNode): void {
  const isConstant = (input: FlatInput | undefined) =>
    input !== undefined && draft.constants.has(input.node);
  if (node.op !== 'ClipByValue' && !node.inputs.some(isConstant)) {
    addOfImages(draft, node, node.inputs);
    return;
  }
  const at = isConstant(node.inputs[0]) ? 1 : 0;
  const bound = (index: number) => draft.constantOf(node, index).values?.join();
  const x = draft.image(node, at);
  if (node.op === 'ClipByValue' && bound(1) === '0' && bound(2) === '6') {
    draft.addPlain(node, 'relu6', x.shape);
  } else if (node.op === 'ClipByValue' && bound(1) === '0' && Number(bound(2)) > 0) {
    addFunction(draft, node, x, { max: Number(bound(2)) });
  } else if (node.op === 'Maximum' && bound(1 - at) === '0') {
    draft.add(node, { op: 'relu', name: node.name, inputs: [x.name], shape: x.shape });
  } else if (
    node.op === 'Minimum' &&
    bound(1 - at) === '6' &&
    x.op === 'relu' &&
    draft.readersOf(node.inputs[at].node) === 1
  ) {
    draft.replace(node, { ...x, op: 'relu6' });
  } else if (node.op === 'Minimum' && Number(bound(1 - at)) > 0 && x.op === 'relu') {
    addFunction(draft, node, x, { max: Number(bound(1 - at)) });
  } else {
    addBounds(draft, node, x, at);
  }
}

function addBounds(draft: NetworkDraft, node: FlatNode, x: Step, at: number): void {
  const number = (index: number): number => {
    const value = draft.channels(node, draft.constantOf(node, index), 1)[0];
    if (!Number.isFinite(value)) throw draft.unsupported(node, `the bound ${value}`);
    return value;
  };
  const bounds =
    node.op === 'ClipByValue'
      ? { min: number(1), max: number(2) }
      : { [node.op === 'Maximum' ? 'min' : 'max']: number(1 - at) };
  const { min = -Infinity, max = Infinity } = bounds;
  if (min > max) throw draft.unsupported(node, `bounds of [${min}, ${max}]`);
  const activation = boundedBy(min, max);
  addOperation(draft, node, x, x.shape, { op: 'activation', activation });
}

/** As a function of one value: min + relu(x − min), up to max − min; max − relu(max − x). */
function boundedBy(min: number, max: number): ComposedActivation {
  const rising = min !== -Infinity;
  const start: Expression = rising
    ? { kind: 'affine', of: { kind: 'x' }, scale: 1, shift: -min }
    : { kind: 'affine', of: { kind: 'x' }, scale: -1, shift: max };
  const activation =
    rising && max !== Infinity
      ? ({ kind: 'relu', max: max - min, slope: 0, threshold: 0 } as const)
      : 'relu';
  const positive: Expression = { kind: 'function', of: start, activation };
  const expression: Expression = {
    kind: 'affine',
    of: positive,
    scale: rising ? 1 : -1,
    shift: rising ? min : max,
  };
  return { kind: 'composed', expression };
}

function addFunction(
  draft: NetworkDraft,
  node: FlatNode,
  x: Step,
  f: FunctionStep['function'],
): void {
  const { name } = node;
  draft.add(node, { op: 'function', name, inputs: [x.name], shape: x.shape, function: f });
}

/** A function of each value, by the name of the operation. */
export function readFunction(f: FunctionStep['function']) {
  return (draft: NetworkDraft, node: FlatNode) => addFunction(draft, node, draft.image(node), f);
}

export function readComposed(activation: ComposedActivation) {
  return (draft: NetworkDraft, node: FlatNode) => {
    const x = draft.image(node);
    addOperation(draft, node, x, x.shape, { op: 'activation', activation });
  };
}

/** α of the operation's definition is 0.2. */
export function readLeakyRelu(draft: NetworkDraft, node: FlatNode): void {
  const slope = node.attributes.real('alpha') ?? 0.2;
  addFunction(draft, node, draft.image(node), { slope });
}

/** A change of type, which numbers here have none of: pixels that become floating-point numbers. */
export function readCast(draft: NetworkDraft, node: FlatNode): void {
  if (readDimensions(draft, node)) return;
  const [input] = node.inputs;
  const type = node.attributes.type('DstT');
  if (input === undefined || type === undefined || !/^b?float/.test(type)) {
    throw draft.unsupported(node, `a cast to ${type ?? 'an unknown type'}`);
  }
  const producer = draft.sourceOf(node, input);
  if (producer.op === 'input') draft.scaling.add(node, input.node, IDENTITY);
  draft.pass(node, producer);
}

interface Affine {
  readonly scale: Float32Array;
  readonly shift: Float32Array;
}

/** What an operation with a constant does to each channel: x · scale + shift; undefined for c / x. */
function affineOf(op: string, values: Float32Array, isReversed: boolean): Affine | undefined {
  const { length } = values;
  switch (op) {
    case 'Sub':
      return isReversed
        ? { scale: filled(length, -1), shift: values }
        : { scale: filled(length, 1), shift: values.map((value) => -value) };
    case 'Mul':
      return { scale: values, shift: filled(length, 0) };
    case 'RealDiv':
      if (isReversed) return undefined;
      return { scale: values.map((value) => 1 / value), shift: filled(length, 0) };
    default:
      return { scale: filled(length, 1), shift: values };
  }
}

/** Goes into the convolution before it where nothing else reads that. */
function addAffine(
  draft: NetworkDraft,
  node: FlatNode,
  from: FlatNode,
  producer: Step,
  { scale, shift }: Affine,
): void {
  if (producer.op === 'input') {
    draft.scaling.add(node, from, { scale: alike(scale), offset: alike(shift) });
    draft.pass(node, producer);
  } else if (isConvStep(producer) && draft.readersOf(from) === 1) {
    draft.replace(node, withAffine(producer, scale, shift));
  } else {
    addBatchNorm(draft, node, producer, {
      gamma: scale,
      beta: shift,
      mean: filled(scale.length, 0),
      variance: filled(scale.length, 1 - NEUTRAL_EPSILON),
      epsilon: NEUTRAL_EPSILON,
    });
  }
}

function addBatchNorm(draft: NetworkDraft, node: FlatNode, x: Step, values: BatchNormValues): void {
  const { variance, epsilon } = values;
  if (!(epsilon > 0) || variance.some((value) => !(value >= 0))) {
    throw draft.unsupported(node, 'a batch norm whose variance or ε is not positive');
  }
  const { name } = node;
  draft.add(node, { op: 'batchNorm', name, inputs: [x.name], shape: x.shape, ...values });
}

function filled(length: number, value: number): Float32Array {
  return new Float32Array(length).fill(value);
}

/** One number where all channels have the same. */
function alike(values: Float32Array): number[] {
  return values.every((value) => value === values[0]) ? [values[0]] : [...values];
}
