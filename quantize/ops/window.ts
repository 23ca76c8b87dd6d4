import { expected } from '../params/errors.ts';
import { dilatedWindow, type Padding, UNDILATED, windowPositions } from '../params/window.ts';
import { requireEqual, requireNatural, requirePositive } from './check.ts';
import type { Shape4 } from './tensor.ts';

/** Index of the first channel of position [n, y, x] in a dense tensor [N, H, W, C]. */
export function positionIndex(shape: Shape4, n: number, y: number, x: number): number {
  return ((n * shape[1] + y) * shape[2] + x) * shape[3];
}

/** What places a window over an image. */
export interface Placement {
  readonly inputShape: Shape4;
  readonly strides: readonly [number, number];
  readonly padding: Padding;
  /** Rows and columns from one tap of the window to the next; 1 unless given. */
  readonly dilations?: readonly [number, number];
}

/** A position of a window, and the position of the image that it covers. */
export interface Tap {
  readonly ky: number;
  readonly kx: number;
  readonly iy: number;
  readonly ix: number;
}

/**
 * The taps of the window at output position (y, x) that lie in the image. A convolution leaves out
 * the padded ones because they hold zx, whose product in eq. 4 is 0; a pool because padded
 * positions take no part in it.
 */
export function tapsInImage(
  { inputShape, strides, padding, dilations = UNDILATED }: Placement,
  windowShape: readonly [number, number],
  y: number,
  x: number,
): readonly Tap[] {
  const [, height, width] = inputShape;
  const taps: Tap[] = [];
  for (let ky = 0; ky < windowShape[0]; ky++) {
    for (let kx = 0; kx < windowShape[1]; kx++) {
      const iy = y * strides[0] - padding.top + ky * dilations[0];
      const ix = x * strides[1] - padding.left + kx * dilations[1];
      if (iy >= 0 && iy < height && ix >= 0 && ix < width) taps.push({ ky, kx, iy, ix });
    }
  }
  return taps;
}

/**
 * The output's batch, height and width follow from the input, the window, strides and padding.
 * @throws QuantizationError that names the field
 */
export function requireWindow(
  { inputShape, strides, padding, dilations = UNDILATED }: Placement,
  windowShape: readonly [number, number],
  outputShape: Shape4,
): void {
  requirePositive('windowShape[0]', windowShape[0]);
  requirePositive('windowShape[1]', windowShape[1]);
  requirePositive('strides[0]', strides[0]);
  requirePositive('strides[1]', strides[1]);
  requirePositive('dilations[0]', dilations[0]);
  requirePositive('dilations[1]', dilations[1]);
  requireNatural('padding.top', padding.top);
  requireNatural('padding.bottom', padding.bottom);
  requireNatural('padding.left', padding.left);
  requireNatural('padding.right', padding.right);
  const span = dilatedWindow(windowShape, dilations);
  const rows = inputShape[1] + padding.top + padding.bottom;
  const columns = inputShape[2] + padding.left + padding.right;
  if (rows < span[0]) throw expected(`at most ${rows}`, 'window height', span[0]);
  if (columns < span[1]) throw expected(`at most ${columns}`, 'window width', span[1]);
  requireEqual('outputShape[0]', outputShape[0], 'inputShape[0]', inputShape[0]);
  const size = [inputShape[1], inputShape[2]] as const;
  const [height, width] = windowPositions(size, span, strides, padding);
  requireEqual('outputShape[1]', outputShape[1], '⌊(H + top + bottom − kh) / stride⌋ + 1', height);
  requireEqual('outputShape[2]', outputShape[2], '⌊(W + left + right − kw) / stride⌋ + 1', width);
}
