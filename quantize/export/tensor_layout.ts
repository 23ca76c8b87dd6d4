import { elements } from '../params/shape.ts';

/**
 * A tensor's elements in another order of its axes: axis i of the result is axis `order[i]` of `data`.
 * @param shape of `data`, row-major
 * @returns a new array
 */
export function permuteAxes(
  data: Uint8Array,
  shape: readonly number[],
  order: readonly number[],
): Uint8Array {
  return permuteInto(new Uint8Array(data.length), data, shape, order);
}

/** `permuteAxes` of real numbers. */
export function permuteFloats(
  data: Float32Array,
  shape: readonly number[],
  order: readonly number[],
): Float32Array {
  return permuteInto(new Float32Array(data.length), data, shape, order);
}

function permuteInto<T extends Uint8Array | Float32Array>(
  result: T,
  data: T,
  shape: readonly number[],
  order: readonly number[],
): T {
  const strides = shape.map((_, axis) => elements(shape.slice(axis + 1)));
  const sides = order.map((axis) => shape[axis]);
  const steps = order.map((axis) => strides[axis]);
  const index = sides.map(() => 0);
  let from = 0;
  for (let to = 0; to < result.length; to++) {
    result[to] = data[from];
    // Counts up the index of the result, last axis first, and moves `from` along.
    for (let axis = sides.length - 1; axis >= 0; axis--) {
      from += steps[axis];
      index[axis]++;
      if (index[axis] < sides[axis]) break;
      from -= steps[axis] * sides[axis];
      index[axis] = 0;
    }
  }
  return result;
}

/** The order of axes that undoes `order`. */
export function inverseOrder(order: readonly number[]): number[] {
  return order.map((_, axis) => order.indexOf(axis));
}
