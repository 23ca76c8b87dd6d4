/** Arithmetic between constants, as graphs have it around batch norms and reshapes. */
import type { FlatNode } from './flatten.ts';
import { elementsOf, type GraphTensor, MAX_ELEMENTS } from './tensor_proto.ts';

type Values = Float32Array | Int32Array;

const UNARY: ReadonlyMap<string, (x: number) => number> = new Map([
  ['Neg', (x: number) => -x],
  ['Rsqrt', (x: number) => 1 / Math.sqrt(x)],
  ['Sqrt', Math.sqrt],
  ['Square', (x: number) => x * x],
  ['Reciprocal', (x: number) => 1 / x],
]);

const BINARY: ReadonlyMap<string, (a: number, b: number) => number> = new Map([
  ['Add', (a: number, b: number) => a + b],
  ['AddV2', (a: number, b: number) => a + b],
  ['BiasAdd', (a: number, b: number) => a + b],
  ['Sub', (a: number, b: number) => a - b],
  ['Mul', (a: number, b: number) => a * b],
  ['RealDiv', (a: number, b: number) => a / b],
  ['Maximum', Math.max],
  ['Minimum', Math.min],
]);

/** Shape changes whose second input, or an attribute, says the new shape. */
const RESHAPING = new Set(['Reshape', 'Squeeze', 'ExpandDims']);

/**
 * The value of a node whose inputs are all constants, in single precision; undefined for an operation
 * that is not known here or inputs that it does not take.
 */
export function evaluateConstant(
  { op, attributes }: FlatNode,
  inputs: readonly GraphTensor[],
): GraphTensor | undefined {
  const [a, b] = inputs;
  if (a?.values === undefined) return undefined;
  const unary = UNARY.get(op);
  if (unary !== undefined) return { ...a, values: mapped(a.values, unary) };
  if (op === 'Cast') return cast(a, attributes.type('DstT'));
  const binary = BINARY.get(op);
  if (binary !== undefined && b?.values !== undefined) return broadcast(a, b, binary);
  if (!RESHAPING.has(op)) return undefined;
  const shape = reshaped(op, a.shape, b, attributes.integers('squeeze_dims'));
  return shape === undefined ? undefined : { ...a, shape };
}

/** Floating-point numbers and integers of any width are one type each here. */
function cast({ shape, values }: GraphTensor, type: string | undefined): GraphTensor | undefined {
  if (type === undefined || values === undefined) return undefined;
  const converted = /^b?float/.test(type)
    ? Float32Array.from(values)
    : /^u?int/.test(type)
      ? Int32Array.from(values)
      : undefined;
  return converted && { dtype: type, shape, values: converted };
}

function mapped(values: Values, apply: (x: number) => number): Values {
  return values.map(apply);
}

/** NumPy's broadcasting. */
function broadcast(
  a: GraphTensor,
  b: GraphTensor,
  apply: (a: number, b: number) => number,
): GraphTensor | undefined {
  const rank = Math.max(a.shape.length, b.shape.length);
  const sidesOf = ({ shape }: GraphTensor) => [
    ...new Array<number>(rank - shape.length).fill(1),
    ...shape,
  ];
  const [as, bs] = [sidesOf(a), sidesOf(b)];
  const shape: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const [x, y] = [as[axis], bs[axis]];
    if (x !== y && x !== 1 && y !== 1) return undefined;
    shape.push(x === 1 ? y : x);
  }
  const length = elementsOf(shape);
  if (length > MAX_ELEMENTS) return undefined;
  const values =
    a.values instanceof Float32Array ? new Float32Array(length) : new Int32Array(length);
  for (let i = 0; i < length; i++) {
    let rest = i;
    let [ai, bi] = [0, 0];
    let [aStep, bStep] = [1, 1];
    for (let axis = rank - 1; axis >= 0; axis--) {
      const at = rest % shape[axis];
      rest = (rest - at) / shape[axis];
      if (as[axis] !== 1) ai += at * aStep;
      if (bs[axis] !== 1) bi += at * bStep;
      aStep *= as[axis];
      bStep *= bs[axis];
    }
    values[i] = apply(a.values![ai], b.values![bi]);
  }
  return { dtype: a.dtype, shape, values };
}

function reshaped(
  op: string,
  shape: readonly number[],
  argument: GraphTensor | undefined,
  squeezed: readonly number[] = [],
): number[] | undefined {
  const numbers = [...(argument?.values ?? [])];
  switch (op) {
    case 'Reshape':
      return resolvedShape(shape, numbers);
    case 'Squeeze':
      return shape.filter((side, axis) =>
        squeezed.length === 0
          ? side !== 1
          : !(squeezed.includes(axis) || squeezed.includes(axis - shape.length)),
      );
    default: {
      const axis = numbers[0] ?? 0;
      return shape.toSpliced(axis < 0 ? shape.length + 1 + axis : axis, 0, 1);
    }
  }
}

/** A target with at most one open side (−1) as a shape of as many elements; undefined where there is none. */
export function resolvedShape(
  shape: readonly number[],
  target: readonly number[],
): number[] | undefined {
  const length = elementsOf(shape);
  const known = elementsOf(target.filter((side) => side !== -1));
  const open = target.filter((side) => side === -1).length;
  if (open > 1 || target.some((side) => side < -1)) return undefined;
  if (open === 0) return known === length ? [...target] : undefined;
  if (known === 0 || length % known !== 0) return undefined;
  return target.map((side) => (side === -1 ? length / known : side));
}
