import type * as tf from '@tensorflow/tfjs';
import { elements } from '../shape.ts';
import { activated } from './activation_function.ts';
import { misfit } from './misfit.ts';
import type { Operation } from './operation.ts';
import { type WeightedNodeBase, weightsOf } from './weighted.ts';

/** Sums over all K values of its input, whatever its shape, in order; kernel [1, 1, K, M]: → [M] */
export interface FloatFullyConnectedNode extends WeightedNodeBase {
  readonly op: 'fullyConnected';
  /** Whether the output is an image of one pixel, [1, 1, M]. */
  readonly keepDims?: boolean;
}

export const FULLY_CONNECTED: Operation<FloatFullyConnectedNode> = {
  shape(node, [input]) {
    const [, , depth, outputs] = node.kernelShape;
    if (elements(input) !== depth) throw misfit(node, `${depth} values`, [input]);
    return node.keepDims ? [1, 1, outputs] : [outputs];
  },

  constants: (node) => {
    const { kernel, bias } = weightsOf(node);
    return { kernel: { ...kernel, shape: kernel.shape.slice(2) }, bias };
  },

  run({ activation, keepDims }, { tf, inputs: [x], constants }) {
    const [batch] = x.shape;
    const sum = x
      .reshape<tf.Tensor2D>([batch, -1])
      .matMul(constants.kernel as tf.Tensor2D)
      .add(constants.bias);
    const output = activated(activation, sum, tf);
    return keepDims ? output.reshape([batch, 1, 1, -1]) : output;
  },
};
