/** Geometry of transposed convolutions, and the order of their weights. */
import type { Shape } from './shape.ts';
import { type Padding, samePadding } from './window.ts';

type Pair = readonly [number, number];

/** [H', W'] of Keras' Conv2DTranspose of an image [H, W, …]. */
export function transposedSize(
  size: Shape,
  window: Pair,
  strides: Pair,
  padding: 'same' | 'valid',
): [number, number] {
  const side = (axis: 0 | 1) =>
    size[axis] * strides[axis] +
    (padding === 'same' ? 0 : Math.max(window[axis] - strides[axis], 0));
  return [side(0), side(1)];
}

/**
 * What is cut off a transposed convolution, and what its windows do not reach, for an output [H', W', …]: the
 * convolution of that size with this padding makes [H, W].
 */
export function transposedPlacement(
  size: Shape,
  output: Shape,
  window: Pair,
  strides: Pair,
  padding: 'same' | 'valid',
): { readonly padding: Padding; readonly outputPadding?: readonly [number, number] } {
  const { top, left } =
    padding === 'same' ? samePadding(output, window, strides) : { top: 0, left: 0 };
  const before = [top, left] as const;
  const after = ([0, 1] as const).map(
    (axis) => (size[axis] - 1) * strides[axis] + window[axis] - before[axis] - output[axis],
  );
  const extra = [Math.max(0, -after[0]), Math.max(0, -after[1])] as const;
  return {
    padding: { top, left, bottom: Math.max(0, after[0]), right: Math.max(0, after[1]) },
    ...(extra.some((side) => side > 0) && { outputPadding: extra }),
  };
}

/** […, a, b] → […, b, a] */
export function swapLast(values: Float32Array, a: number, b: number): Float32Array {
  const swapped = new Float32Array(values.length);
  for (let start = 0; start < values.length; start += a * b) {
    for (let i = 0; i < a; i++) {
      for (let j = 0; j < b; j++) swapped[start + j * a + i] = values[start + i * b + j];
    }
  }
  return swapped;
}
