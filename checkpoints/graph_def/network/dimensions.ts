/** What graphs compute of shapes, so that they fit any number of images: vectors of int32, the batch −1. */
import type { FlatNode } from './flatten.ts';

/** A vector of integers, or a scalar; −1 stands for the open size of the batch. */
export interface Dimensions {
  readonly isScalar: boolean;
  readonly values: readonly number[];
}

/**
 * The value of StridedSlice, Pack, ConcatV2 or Mul over dimensions; undefined for another operation, or one
 * that is not taken here.
 * @param inputs undefined where the input is no vector or scalar of integers
 */
export function evaluateDimensions(
  { op, attributes }: FlatNode,
  inputs: readonly (Dimensions | undefined)[],
): Dimensions | undefined {
  const mask = (name: string) => attributes.integers(name)?.[0] ?? 0;
  switch (op) {
    case 'StridedSlice': {
      const [from, begin, end, strides] = inputs;
      if (from === undefined || strides?.values.join() !== '1') return undefined;
      const length = from.values.length;
      const bound = (value: number) => (value < 0 ? value + length : value);
      const first = mask('begin_mask') & 1 ? 0 : bound(begin?.values[0] ?? 0);
      const isScalar = (mask('shrink_axis_mask') & 1) === 1;
      if (isScalar) return { isScalar, values: from.values.slice(first, first + 1) };
      const last = mask('end_mask') & 1 ? length : bound(end?.values[0] ?? length);
      return { isScalar, values: from.values.slice(first, last) };
    }
    case 'Pack':
      return joined(inputs);
    case 'ConcatV2':
      return joined(inputs.slice(0, -1));
    case 'Mul':
      return product(inputs);
    default:
      return undefined;
  }
}

function joined(parts: readonly (Dimensions | undefined)[]): Dimensions | undefined {
  const values = parts.flatMap((part) => part?.values ?? []);
  return parts.includes(undefined) ? undefined : { isScalar: false, values };
}

/** Side by side, or each times a scalar; the open batch has no product. */
function product([a, b]: readonly (Dimensions | undefined)[]): Dimensions | undefined {
  if (a === undefined || b === undefined) return undefined;
  const [long, other] = a.values.length >= b.values.length ? [a, b] : [b, a];
  const factors = other.values.length === 1 ? long.values.map(() => other.values[0]) : other.values;
  const isKnown = [...long.values, ...factors].every((value) => value >= 0);
  if (!isKnown || factors.length !== long.values.length) return undefined;
  const values = long.values.map((value, index) => value * factors[index]);
  return { isScalar: a.isScalar && b.isScalar, values };
}
