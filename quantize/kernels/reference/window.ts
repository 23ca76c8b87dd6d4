import type { Padding } from '../../params/window.ts';
import type { Shape4 } from '../kernels.ts';

/** Index of the first channel of position [n, y, x] in a dense tensor [N, H, W, C]. */
export function positionIndex(shape: Shape4, n: number, y: number, x: number): number {
  return ((n * shape[1] + y) * shape[2] + x) * shape[3];
}

/** What places a window over an image. */
interface Placement {
  readonly inputShape: Shape4;
  readonly strides: readonly [number, number];
  readonly padding: Padding;
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
  { inputShape, strides, padding }: Placement,
  windowShape: readonly [number, number],
  y: number,
  x: number,
): readonly Tap[] {
  const [, height, width] = inputShape;
  const taps: Tap[] = [];
  for (let ky = 0; ky < windowShape[0]; ky++) {
    for (let kx = 0; kx < windowShape[1]; kx++) {
      const iy = y * strides[0] - padding.top + ky;
      const ix = x * strides[1] - padding.left + kx;
      if (iy >= 0 && iy < height && ix >= 0 && ix < width) taps.push({ ky, kx, iy, ix });
    }
  }
  return taps;
}
