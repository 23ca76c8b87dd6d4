import type * as tf from '@tensorflow/tfjs';
import type { Padding } from '../window.ts';

type ExplicitPadding = [[number, number], [number, number], [number, number], [number, number]];

/** Padding of [N, H, W, C] as TensorFlow.js takes it. */
export function explicitPadding({ top, bottom, left, right }: Padding): ExplicitPadding {
  return [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
}

/** x: [N, H, W, C] */
export function padded(
  tensorFlow: typeof tf,
  x: tf.Tensor4D,
  padding: Padding,
  value = 0,
): tf.Tensor4D {
  return tensorFlow.pad(x, explicitPadding(padding), value) as tf.Tensor4D;
}
