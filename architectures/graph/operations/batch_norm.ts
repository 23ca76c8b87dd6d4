import type * as tf from '@tensorflow/tfjs';
import type { Shape } from '../shape.ts';
import { misfit } from './misfit.ts';
import type { NodeBase, Operation } from './operation.ts';

/** γ · (x − μ) / √(σ² + ε) + β of each channel; every array is [C]. */
export interface FloatBatchNormNode extends NodeBase {
  readonly op: 'batchNorm';
  /** Counted from the last: −1 is the channels. */
  readonly axis: number;
  readonly gamma: Float32Array;
  readonly beta: Float32Array;
  /** Moving mean. */
  readonly mean: Float32Array;
  /** Moving variance σ², ≥ 0. */
  readonly variance: Float32Array;
  /** ε, > 0. */
  readonly epsilon: number;
  /** σ² as trained, where a pass has replaced some of it. */
  readonly trainedVariance?: Float32Array;
}

export const BATCH_NORM: Operation<FloatBatchNormNode> = {
  shape(node, [input]) {
    const { axis, gamma } = node;
    if (input.at(axis) !== gamma.length) throw misfit(node, `${gamma.length} channels`, [input]);
    return input;
  },

  constants({ gamma, beta, mean, variance, axis }) {
    // [C, 1, …]: the axes behind that of the channels
    const shape: Shape = [gamma.length, ...new Array<number>(-axis - 1).fill(1)];
    return {
      gamma: { values: gamma, shape },
      beta: { values: beta, shape },
      mean: { values: mean, shape },
      variance: { values: variance, shape },
    };
  },

  run({ axis, epsilon }, { tf, inputs: [x], constants: { gamma, beta, mean, variance } }) {
    // Fused, where TensorFlow.js has that.
    if (axis === -1)
      return tf.batchNorm(
        x,
        mean as tf.Tensor1D,
        variance as tf.Tensor1D,
        beta as tf.Tensor1D,
        gamma as tf.Tensor1D,
        epsilon,
      );
    return x
      .sub(mean)
      .mul(gamma.div(variance.add(epsilon).sqrt()))
      .add(beta);
  },
};
