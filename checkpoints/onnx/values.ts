/** Operators of ONNX on each value: functions, sums and products, batch norms. */
import type { FloatNode } from '../../architectures/graph/float_node.ts';
import {
  type Activation,
  reluOf,
} from '../../architectures/graph/operations/activation_function.ts';
import { SELU_ALPHA, SELU_SCALE } from '../../architectures/graph/operations/activation_value.ts';
import {
  ABSOLUTE,
  approximateGelu,
  atLeast,
  atMost,
  CUBE,
  clamp,
  ERROR_FUNCTION,
  EXPONENTIAL,
  eluOf,
  exactGelu,
  leakyRelu,
  MISH,
  NEGATIVE,
  ofAffine,
  SQUARE,
  SQUARE_ROOT,
  UNIT,
} from '../../architectures/graph/operations/functions.ts';
import { HARD_SIGMOID_6, HARD_SWISH } from '../../architectures/graph/operations/hard_swish.ts';
import type { NodeProto } from '../../foundation/onnx/generated/onnx_pb.ts';
import { type Pairwise, pairwiseMap } from '../pairwise_map.ts';
import { Attributes, flattenedOrder, type Made, type OnnxDraft } from './draft.ts';
import type { OnnxConstant } from './tensors.ts';

/** Of operators without parameters. */
const FUNCTIONS: Readonly<Record<string, Activation>> = {
  Relu: 'relu',
  Sigmoid: 'sigmoid',
  Tanh: 'tanh',
  Softplus: 'softplus',
  Softsign: 'softsign',
  HardSwish: HARD_SWISH,
  Abs: ABSOLUTE,
  Neg: NEGATIVE,
  Exp: EXPONENTIAL,
  Erf: ERROR_FUNCTION,
  Sqrt: SQUARE_ROOT,
  Mish: MISH,
};

export function isFunction(operator: string): boolean {
  return Object.hasOwn(FUNCTIONS, operator);
}

export function plainFunction(node: NodeProto, draft: OnnxDraft): void {
  addFunction(node, draft, FUNCTIONS[node.opType]);
}

/** Each value by itself: the axes stay as they are. */
function addFunction(node: NodeProto, draft: OnnxDraft, activation: Activation, at = 0): void {
  addToEach(node, draft, draft.input(node, at), (base) => ({
    ...base,
    op: 'activation',
    activation,
  }));
}

function addToEach(
  node: NodeProto,
  draft: OnnxDraft,
  input: Made,
  make: (base: ReturnType<OnnxDraft['base']>) => FloatNode,
): void {
  const made = make(draft.base(node, [input]));
  draft.add(node.output[0], input.layout === 'plain' ? 'plain' : 'image', made);
  // What was flattened stays it.
  if (input.layout === 'flat') draft.set(node.output[0], { ...input, name: made.name });
}

export function clip(node: NodeProto, draft: OnnxDraft): void {
  const attributes = new Attributes(node);
  const low = attributes.has('min') ? attributes.float('min', 0) : draft.numbers(node, 1)?.[0];
  const high = attributes.has('max') ? attributes.float('max', 0) : draft.numbers(node, 2)?.[0];
  const isLow = low !== undefined && low > -3e38;
  const isHigh = high !== undefined && high < 3e38;
  if (isLow && isHigh && low > high) throw draft.unsupported(node, `bounds [${low}, ${high}]`);
  if (isLow && low === 0) {
    addFunction(node, draft, reluOf({ max: isHigh ? high : Infinity, slope: 0, threshold: 0 }));
  } else if (isLow && isHigh) addFunction(node, draft, clamp(low, high));
  else if (isLow) addFunction(node, draft, atLeast(low));
  else if (isHigh) addFunction(node, draft, atMost(high));
  else draft.set(node.output[0], draft.input(node));
}

export function leaky(node: NodeProto, draft: OnnxDraft): void {
  addFunction(node, draft, leakyRelu(new Attributes(node).float('alpha', 0.01)));
}

export function elu(node: NodeProto, draft: OnnxDraft): void {
  addFunction(node, draft, eluOf(new Attributes(node).float('alpha', 1)));
}

export function selu(node: NodeProto, draft: OnnxDraft): void {
  const attributes = new Attributes(node);
  const isOwn = attributes.has('alpha') || attributes.has('gamma');
  const alpha = attributes.float('alpha', SELU_ALPHA);
  const gamma = attributes.float('gamma', SELU_SCALE);
  addFunction(node, draft, isOwn ? eluOf(alpha, gamma) : 'selu');
}

export function hardSigmoid(node: NodeProto, draft: OnnxDraft): void {
  const attributes = new Attributes(node);
  const [alpha, beta] = [attributes.float('alpha', 0.2), attributes.float('beta', 0.5)];
  const isSixth = Math.abs(alpha - 1 / 6) < 1e-4 && Math.abs(beta - 0.5) < 1e-6;
  addFunction(node, draft, isSixth ? HARD_SIGMOID_6 : ofAffine(alpha, beta, UNIT));
}

export function gelu(node: NodeProto, draft: OnnxDraft): void {
  const isApproximate = new Attributes(node).text('approximate') === 'tanh';
  addFunction(node, draft, isApproximate ? approximateGelu() : exactGelu());
}

export function power(node: NodeProto, draft: OnnxDraft): void {
  const exponent = draft.numbers(node, 1);
  const [value] = exponent ?? [];
  if (exponent?.length !== 1 || (value !== 2 && value !== 3)) {
    throw draft.unsupported(node, `the power ${exponent}; it has 2 and 3`);
  }
  addFunction(node, draft, value === 2 ? SQUARE : CUBE);
}

export function thresholdedRelu(node: NodeProto, draft: OnnxDraft): void {
  const threshold = new Attributes(node).float('alpha', 1);
  addFunction(node, draft, reluOf({ max: Infinity, slope: 0, threshold }));
}

/** Of two tensors and more. */
export function mean(node: NodeProto, draft: OnnxDraft): void {
  const tensors = node.input.map((_, at) => draft.input(node, at));
  if (tensors.length === 1) {
    draft.set(node.output[0], tensors[0]);
    return;
  }
  const sum = `${node.output[0]}/sum`;
  pairOf({ ...node, output: [sum] }, draft, tensors, (base) => ({
    ...base,
    op: 'add',
    activation: 'linear',
  }));
  const share = ofAffine(1 / tensors.length, 0, 'linear');
  addToEach(node, draft, draft.find(sum)!, (base) => ({
    ...base,
    op: 'activation',
    activation: share,
  }));
}

/** One slope for all; per channel there is none. */
export function prelu(node: NodeProto, draft: OnnxDraft): void {
  const { shape, values } = draft.required(node, 1, 'slopes');
  if (values.every((slope) => slope === values[0])) {
    addFunction(node, draft, leakyRelu(values[0] ?? 1));
    return;
  }
  const input = draft.input(node);
  const { length } = input.dims;
  // ONNX may leave out sides of 1 in front, and has the batch among them.
  const own = [...Array<number>(Math.max(0, length - shape.length)).fill(1), ...shape];
  const sides = own.slice(-length);
  if (input.layout === 'flat') throw draft.unsupported(node, 'a slope for each of a flat image');
  const isImage = input.layout === 'image';
  const alphaShape = isImage ? [sides[1], sides[2], sides[0]] : sides;
  const order = isImage ? flattenedOrder(alphaShape) : values.map((_, at) => at);
  const alpha = Float32Array.from(order, (at) => values[at]);
  addToEach(node, draft, input, (base) => ({ ...base, op: 'prelu', alpha, alphaShape }));
}

/** Of two tensors, or of one and a number. */
export function extreme(op: 'maximum' | 'minimum', make: (bound: number) => Activation) {
  return (node: NodeProto, draft: OnnxDraft): void => {
    const tensors = node.input.map((name) => draft.find(name));
    if (tensors.length === 2 && tensors.every((made) => made !== undefined)) {
      pairOf(node, draft, tensors, (base) => ({ ...base, op }));
      return;
    }
    const at = tensors[0] === undefined ? 1 : 0;
    const numbers = draft.numbers(node, 1 - at);
    if (tensors.length !== 2 || numbers?.length !== 1) {
      throw draft.unsupported(node, 'the bounds of several tensors');
    }
    addFunction(node, draft, make(numbers[0]), at);
  };
}

export function batchNorm(node: NodeProto, draft: OnnxDraft): void {
  const input = draft.input(node);
  const isVector = input.layout === 'plain' && input.dims.length === 1;
  const image = isVector ? input : draft.asImage(node, input);
  const [gamma, beta, mean, variance] = [1, 2, 3, 4].map((at) =>
    Float32Array.from(draft.required(node, at, 'statistics').values),
  );
  if (gamma.length !== image.dims[0]) {
    throw draft.unsupported(node, `${gamma.length} channels of [N,${image.dims}]`);
  }
  addToEach(node, draft, image, (base) => ({
    ...base,
    op: 'batchNorm',
    axis: -1,
    gamma,
    beta,
    mean,
    variance,
    epsilon: new Attributes(node).float('epsilon', 1e-5),
  }));
}

/** Of two tensors; of one and a number, or one an index of an axis. */
export function arithmetic(op: Pairwise) {
  return (node: NodeProto, draft: OnnxDraft): void => {
    const tensors = node.input.map((name) => draft.find(name));
    if (tensors.every((made) => made !== undefined)) addPair(node, draft, op, tensors);
    else if (tensors.length === 2) addConstant(node, draft, op);
    else throw draft.unsupported(node, `${op} of ${node.input.length} tensors, one a constant`);
  };
}

function addPair(node: NodeProto, draft: OnnxDraft, op: Pairwise, tensors: readonly Made[]): void {
  if (op === 'divide') throw draft.unsupported(node, 'the quotient of two tensors');
  if (tensors.length === 1) {
    draft.set(node.output[0], tensors[0]);
    return;
  }
  pairOf(node, draft, tensors, (base) => ({ ...base, op, activation: 'linear' }));
}

/** Position by position: of axes in the graph's order, or in ONNX's. */
function pairOf(
  node: NodeProto,
  draft: OnnxDraft,
  tensors: readonly Made[],
  make: (base: ReturnType<OnnxDraft['base']>) => FloatNode,
): void {
  const areImages = tensors.every(({ layout }) => layout === 'image');
  const areFlat =
    tensors.every(({ layout }) => layout === 'flat') &&
    tensors.every((made) => draft.shapeOf(made).join() === draft.shapeOf(tensors[0]).join());
  const inputs = areImages || areFlat ? tensors : tensors.map((made) => draft.asPlain(made));
  const made = make(draft.base(node, inputs));
  draft.add(node.output[0], areImages || areFlat ? 'image' : 'plain', made);
  if (areFlat) draft.set(node.output[0], { ...tensors[0], name: made.name });
}

/** So small that 1 + ε is 1, as a single float and as a double. */
const NO_EPSILON = 1e-30;

function addConstant(node: NodeProto, draft: OnnxDraft, op: Pairwise): void {
  const at = draft.find(node.input[0] ?? '') === undefined ? 1 : 0;
  const input = draft.input(node, at);
  const constant = draft.required(node, 1 - at, 'numbers');
  const maps = Array.from(constant.values, (value) => pairwiseMap(op, value, at === 1));
  if (maps.some(({ scale, shift }) => !Number.isFinite(scale) || !Number.isFinite(shift))) {
    throw draft.unsupported(node, 'a quotient by 0, or of a number by a tensor');
  }
  if (maps.length === 1) {
    const [{ scale, shift }] = maps;
    addFunction(node, draft, ofAffine(scale, shift, 'linear'), at);
    return;
  }
  const { made, axis } = axisOf(node, draft, input, broadcast(node, input, constant));
  addToEach(node, draft, made, (base) => ({
    ...base,
    op: 'batchNorm',
    axis,
    gamma: Float32Array.from(maps, ({ scale }) => scale),
    beta: Float32Array.from(maps, ({ shift }) => shift),
    mean: new Float32Array(maps.length),
    variance: new Float32Array(maps.length).fill(1),
    epsilon: NO_EPSILON,
  }));
}

/** Before opset 7 an attribute says which axis of the other tensor a constant begins at. */
function broadcast(node: NodeProto, { dims }: Made, constant: OnnxConstant): OnnxConstant {
  const attributes = new Attributes(node);
  if (!attributes.has('axis')) return constant;
  const behind = dims.length + 1 - attributes.int('axis', 0) - constant.shape.length;
  return { ...constant, shape: [...constant.shape, ...Array<number>(Math.max(0, behind)).fill(1)] };
}

/** The only axis that a constant has numbers along, counted from the last of the graph's. */
function axisOf(
  node: NodeProto,
  draft: OnnxDraft,
  input: Made,
  { shape }: OnnxConstant,
): { readonly made: Made; readonly axis: number } {
  const made = input.layout === 'flat' ? draft.asPlain(input) : input;
  const rank = made.dims.length;
  const along = shape.flatMap((side, index) => (side === 1 ? [] : [index - shape.length]));
  const [axis] = along;
  if (along.length !== 1 || -axis > rank || made.dims.at(axis) !== shape.at(axis)) {
    throw draft.unsupported(node, `a constant [${shape}] with [N,${made.dims}]`);
  }
  // Of an image's [C, H, W] the graph has [H, W, C].
  return { made, axis: made.layout === 'image' ? [-1, -3, -2][rank + axis] : axis };
}
