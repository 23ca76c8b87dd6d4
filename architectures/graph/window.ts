/** Geometry of a window (a kernel or a pool) that slides over an image. */
import type { Shape } from './shape.ts';

/** Rows and columns around the image. */
export interface Padding {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

export const NO_PADDING: Padding = { top: 0, bottom: 0, left: 0, right: 0 };

type Pair = readonly [number, number];

export function isPadded({ top, bottom, left, right }: Padding): boolean {
  return top !== 0 || bottom !== 0 || left !== 0 || right !== 0;
}

/** The sum, side by side. */
export function addPadding(a: Padding, b: Padding): Padding {
  return {
    top: a.top + b.top,
    bottom: a.bottom + b.bottom,
    left: a.left + b.left,
    right: a.right + b.right,
  };
}

/**
 * TensorFlow's "SAME": ⌈size / stride⌉ positions; of an odd number of padded rows or columns, the
 * extra one lies below or to the right.
 */
export function samePadding(size: Shape, window: Pair, strides: Pair): Padding {
  const total = (axis: 0 | 1) => {
    const positions = Math.ceil(size[axis] / strides[axis]);
    return Math.max((positions - 1) * strides[axis] + window[axis] - size[axis], 0);
  };
  const [rows, columns] = [total(0), total(1)];
  return {
    top: Math.floor(rows / 2),
    bottom: Math.ceil(rows / 2),
    left: Math.floor(columns / 2),
    right: Math.ceil(columns / 2),
  };
}

/** [H, W] of an image with its padding. */
export function paddedSize([height, width]: Shape, { top, bottom, left, right }: Padding): Pair {
  return [height + top + bottom, width + left + right];
}

/** Positions of a window in rows and columns: ⌊(size + padding − window) / stride⌋ + 1. */
export function windowPositions(
  size: Shape,
  window: Pair,
  strides: Pair,
  padding: Padding,
): [number, number] {
  const [height, width] = paddedSize(size, padding);
  return [
    Math.floor((height - window[0]) / strides[0]) + 1,
    Math.floor((width - window[1]) / strides[1]) + 1,
  ];
}

/** Rows and columns that a kernel spans whose taps lie `dilations` apart. */
export function dilatedWindow(window: Pair, dilations: Pair = [1, 1]): [number, number] {
  return [(window[0] - 1) * dilations[0] + 1, (window[1] - 1) * dilations[1] + 1];
}

/** Whether the padding is "SAME". */
export function isSamePadding(padding: Padding, size: Shape, window: Pair, strides: Pair): boolean {
  const same = samePadding(size, window, strides);
  return (Object.keys(same) as (keyof Padding)[]).every((side) => padding[side] === same[side]);
}
