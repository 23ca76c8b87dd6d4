import type * as tf from '@tensorflow/tfjs';
import { type Padding, paddedSize } from '../window.ts';
import { misfit } from './misfit.ts';
import type { NodeBase, Operation } from './operation.ts';
import { padded } from './padded.ts';

/** Zeros around an image. */
export interface FloatPadNode extends NodeBase {
  readonly op: 'pad';
  readonly padding: Padding;
}

export const PAD: Operation<FloatPadNode> = {
  shape(node, [input]) {
    if (input.length !== 3) throw misfit(node, 'images', [input]);
    return [...paddedSize(input, node.padding), input[2]];
  },
  run: ({ padding }, { tf, inputs: [x] }) => padded(tf, x as tf.Tensor4D, padding),
};
