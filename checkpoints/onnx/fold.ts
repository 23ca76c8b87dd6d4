/** What exporters compute of shapes, and constants that are operators: known before the network runs. */
import { elements } from '../../architectures/graph/shape.ts';
import type { NodeProto } from '../../foundation/onnx/generated/onnx_pb.ts';
import { Attributes, type OnnxDraft } from './draft.ts';
import { constantOf, type OnnxConstant } from './tensors.ts';

/** Above any shape's. */
const MAX_FOLDED = 2 ** 20;
/** Above the weights of a layer. */
const MAX_FILLED = 2 ** 24;
/** What weights come through on their way to a layer: as many numbers as before. */
const SAME_SIZE: ReadonlySet<string> = new Set([
  'Identity',
  'Cast',
  'DequantizeLinear',
  'Transpose',
  'Reshape',
  'Squeeze',
  'Unsqueeze',
]);

/** Makes an operator's output a constant, where it is one; false where it is not. */
export function fold(node: NodeProto, draft: OnnxDraft, file: string): boolean {
  const [output] = node.output;
  if (node.opType === 'Constant') {
    draft.setConstant(output, constantNode(node, draft, file));
    return true;
  }
  if (node.opType === 'Shape') {
    const made = draft.find(node.input[0] ?? '');
    const constant = draft.constant(node.input[0] ?? '');
    if (made === undefined && constant === undefined) return false;
    const dims = constant?.shape ?? [1, ...made!.dims];
    const attributes = new Attributes(node);
    const part = dims.slice(attributes.int('start', 0), attributes.int('end', dims.length));
    draft.setConstant(output, integers([part.length], part));
    return true;
  }
  const inputs = node.input.map((name) => (name === '' ? undefined : draft.constant(name)));
  const isConstant = node.input.every((name, at) => name === '' || inputs[at] !== undefined);
  if (!isConstant || inputs[0] === undefined || !Object.hasOwn(FOLDS, node.opType)) return false;
  const size = inputs.reduce((sum, input) => sum + (input?.values.length ?? 0), 0);
  if (size > MAX_FOLDED && !SAME_SIZE.has(node.opType)) return false;
  const folded = FOLDS[node.opType](inputs as OnnxConstant[], new Attributes(node));
  if (folded === undefined) return false;
  draft.setConstant(output, folded);
  return true;
}

function constantNode(node: NodeProto, draft: OnnxDraft, file: string): OnnxConstant {
  const attributes = new Attributes(node);
  const tensor = attributes.get('value')?.t;
  if (tensor !== undefined) return constantOf(tensor, new Map(), file);
  const ints = attributes.ints('value_ints');
  const floats = attributes.get('value_floats')?.floats;
  if (attributes.has('value_int')) return integers([], [attributes.int('value_int', 0)]);
  if (attributes.has('value_ints')) return integers([ints!.length], ints!);
  if (attributes.has('value_float')) {
    const values = Float32Array.of(attributes.float('value_float', 0));
    return { shape: [], values, isFloat: true };
  }
  if (attributes.has('value_floats')) {
    return { shape: [floats!.length], values: Float32Array.from(floats!), isFloat: true };
  }
  throw draft.unsupported(node, 'a constant of this kind');
}

type Fold = (inputs: readonly OnnxConstant[], attributes: Attributes) => OnnxConstant | undefined;

const FOLDS: Readonly<Record<string, Fold>> = {
  Identity: ([input]) => input,
  Cast: ([input], attributes) => {
    const to = attributes.int('to', 1);
    const isFloat = to === 1 || to === 10 || to === 11;
    const values = isFloat
      ? Float32Array.from(input.values)
      : Float64Array.from(input.values, Math.trunc);
    return { shape: input.shape, values, isFloat };
  },
  Gather: ([data, indices], attributes) => {
    if (data.shape.length !== 1 || attributes.int('axis', 0) !== 0) return undefined;
    const values = Float64Array.from(indices.values, (at) => data.values.at(at) ?? Number.NaN);
    return values.every(Number.isFinite) ? { ...data, shape: indices.shape, values } : undefined;
  },
  Unsqueeze: ([input, axes], attributes) => {
    const at = (attributes.ints('axes') ?? [...(axes?.values ?? [])]).toSorted((a, b) => a - b);
    const shape = [...input.shape];
    for (const axis of at) shape.splice(axis < 0 ? shape.length + 1 + axis : axis, 0, 1);
    return { ...input, shape };
  },
  Squeeze: ([input]) => ({ ...input, shape: input.shape.filter((side) => side !== 1) }),
  Concat: (inputs) => {
    if (inputs.some(({ shape }) => shape.length !== 1)) return undefined;
    const values = Float64Array.from(inputs.flatMap((input) => [...input.values]));
    return { shape: [values.length], values, isFloat: inputs.every(({ isFloat }) => isFloat) };
  },
  Slice: ([data, starts, ends, , steps]) => {
    if (data.shape.length !== 1 || (steps !== undefined && steps.values[0] !== 1)) return undefined;
    const values = data.values.slice(starts?.values[0], ends?.values[0]);
    return { ...data, shape: [values.length], values };
  },
  Reshape: ([data, target]) => {
    const shape = [...target.values];
    const known = shape.reduce((product, side) => (side > 0 ? product * side : product), 1);
    const whole = shape.map((side) => (side === -1 ? data.values.length / known : side));
    return elements(whole) === data.values.length ? { ...data, shape: whole } : undefined;
  },
  Transpose: ([input], attributes) => transposed(input, attributes.ints('perm')),
  DequantizeLinear: dequantized,
  ConstantOfShape: ([{ values }], attributes) => {
    const shape = [...values];
    const count = elements(shape);
    if (!Number.isSafeInteger(count) || count < 0 || count > MAX_FILLED) return undefined;
    const tensor = attributes.get('value')?.t;
    if (tensor === undefined) return { shape, values: new Float32Array(count), isFloat: true };
    const { values: filling, isFloat } = constantOf(tensor, new Map(), 'a constant of a shape');
    return { shape, values: new Float64Array(count).fill(filling[0] ?? 0), isFloat };
  },
  Neg: ([input]) => ({ ...input, values: input.values.map((value) => -value) }),
  Sqrt: ([input]) => ({ ...input, values: input.values.map(Math.sqrt) }),
  Add: each((a, b) => a + b),
  Sub: each((a, b) => a - b),
  Mul: each((a, b) => a * b),
  Div: each((a, b, isFloat) => (isFloat ? a / b : Math.trunc(a / b))),
  Floor: ([input]) => ({ ...input, values: input.values.map(Math.floor) }),
  Ceil: ([input]) => ({ ...input, values: input.values.map(Math.ceil) }),
};

/** By any order of the axes; without one, the reverse. */
function transposed(
  { shape, values, isFloat }: OnnxConstant,
  order: readonly number[] | undefined,
): OnnxConstant | undefined {
  const perm = order ?? shape.map((_, axis) => shape.length - 1 - axis);
  if (perm.toSorted((a, b) => a - b).join() !== shape.map((_, axis) => axis).join()) {
    return undefined;
  }
  const steps = shape.map((_, axis) => elements(shape.slice(axis + 1)));
  const moved = perm.map((axis) => shape[axis]);
  const at = moved.map(() => 0);
  const made = new Float64Array(values.length);
  for (let index = 0; index < made.length; index++) {
    made[index] = values[at.reduce((sum, place, axis) => sum + place * steps[perm[axis]], 0)];
    for (let axis = moved.length - 1; axis >= 0 && ++at[axis] === moved[axis]; axis--) at[axis] = 0;
  }
  return { shape: moved, values: made, isFloat };
}

/** (x − zero point) · scale, of one scale, or one for each index of an axis. */
function dequantized(
  [input, scale, zero]: readonly OnnxConstant[],
  attributes: Attributes,
): OnnxConstant | undefined {
  const { shape, values } = input;
  const count = scale.values.length;
  const given = attributes.int('axis', 1);
  const axis = given < 0 ? given + shape.length : given;
  const isOne = count === 1;
  const isSound = isOne || (scale.shape.length === 1 && shape[axis] === count);
  if (!isSound || (zero !== undefined && zero.values.length !== count)) return undefined;
  const inner = isOne ? values.length : elements(shape.slice(axis + 1));
  const made = Float32Array.from(values, (value, index) => {
    const of = Math.floor(index / inner) % count;
    return (value - (zero?.values[of] ?? 0)) * scale.values[of];
  });
  return { shape, values: made, isFloat: true };
}

function each(of: (a: number, b: number, isFloat: boolean) => number): Fold {
  return ([a, b]) => {
    const length = Math.max(a.values.length, b.values.length);
    if ([a, b].some(({ values }) => values.length !== length && values.length !== 1))
      return undefined;
    const isFloat = a.isFloat || b.isFloat;
    const at = ({ values }: OnnxConstant, index: number) => values[values.length === 1 ? 0 : index];
    const values = Float64Array.from({ length }, (_, index) =>
      of(at(a, index), at(b, index), isFloat),
    );
    return { shape: a.values.length === length ? a.shape : b.shape, values, isFloat };
  };
}

function integers(shape: readonly number[], values: readonly number[]): OnnxConstant {
  return { shape, values: Float64Array.from(values), isFloat: false };
}
