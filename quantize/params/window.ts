/** Geometry of a window (a kernel or a pool) that slides over an image. */

/** Rows and columns around the image. */
export interface Padding {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

export const NO_PADDING: Padding = { top: 0, bottom: 0, left: 0, right: 0 };

type Pair = readonly [number, number];

export const UNDILATED: Pair = [1, 1];

/** Rows and columns that a window spans whose taps lie `dilations` apart. */
export function dilatedWindow(window: Pair, dilations: Pair = UNDILATED): [number, number] {
  return [(window[0] - 1) * dilations[0] + 1, (window[1] - 1) * dilations[1] + 1];
}

/** Positions of the window along height and width: ⌊(size + padding − window) / stride⌋ + 1. */
export function windowPositions(
  size: Pair,
  window: Pair,
  strides: Pair,
  padding: Padding,
): [number, number] {
  return [
    Math.floor((size[0] + padding.top + padding.bottom - window[0]) / strides[0]) + 1,
    Math.floor((size[1] + padding.left + padding.right - window[1]) / strides[1]) + 1,
  ];
}

/**
 * TensorFlow's "SAME": ⌈size / stride⌉ positions; of an odd number of padded rows or columns, the
 * extra one lies below or to the right.
 */
export function samePadding(size: Pair, window: Pair, strides: Pair): Padding {
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
