import type * as tf from '@tensorflow/tfjs';
import { isPadded, type Padding, windowPositions } from '../window.ts';
import { misfit } from './misfit.ts';
import type { NodeBase, Operation } from './operation.ts';
import { padded } from './padded.ts';

/** The mean or the maximum of a window; padded positions take no part. */
export interface FloatPoolNode extends NodeBase {
  readonly op: 'averagePool2d' | 'maxPool2d';
  readonly windowShape: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: Padding;
}

export const POOL_2D: Operation<FloatPoolNode> = {
  shape(node, [input]) {
    if (input.length !== 3) throw misfit(node, 'images', [input]);
    return [...windowPositions(input, node.windowShape, node.strides, node.padding), input[2]];
  },

  /** tfjs-node has no explicit padding for pools. */
  run({ op, windowShape, strides, padding }, { tf, inputs: [x] }) {
    const image = x as tf.Tensor4D;
    const pool = op === 'maxPool2d' ? tf.maxPool : tf.avgPool;
    const inside = (y: tf.Tensor4D) => pool(y, [...windowShape], [...strides], 'valid');
    if (!isPadded(padding)) return inside(image);
    if (op === 'maxPool2d') return inside(padded(tf, image, padding, -Infinity));
    const [, height, width] = image.shape;
    // (Σ inside / positions) / (number inside / positions)
    return inside(padded(tf, image, padding)).div(
      inside(padded(tf, tf.ones([1, height, width, 1]), padding)),
    );
  },
};
