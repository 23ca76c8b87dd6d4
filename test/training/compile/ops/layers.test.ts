import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { compile, type TensorFunction } from '../../../../training/compile/compile.ts';
import { trainBatchNorm } from '../../../../training/compile/ops/fused_batch_norm.ts';
import { trainRelu } from '../../../../training/compile/ops/relu.ts';
import { needsTensorFlow } from '../../../support/needs_tensorflow.ts';
import { assertClose, memory } from '../support.ts';

const SHAPE: [number, number, number, number] = [4, 6, 6, 5];
const EPSILON = 1e-3;

/** `actual` and `expected` give the same, `actual` compiled too. */
function assertAgree(
  actual: TensorFunction,
  expected: TensorFunction,
  inputs: tf.NamedTensorMap,
  tolerance: number,
): void {
  const compiled = compile(actual);
  tf.tidy(() => {
    const wanted = expected(inputs);
    for (const [kind, received] of Object.entries({
      'at once': actual(inputs),
      compiled: compiled.call(inputs),
    })) {
      for (const [name, tensor] of Object.entries(wanted)) {
        assert.deepEqual(received[name].shape, tensor.shape);
        assertClose(received[name].dataSync(), tensor.dataSync(), tolerance, `${name} ${kind}`);
      }
    }
  });
  compiled.dispose();
}

describe('ops of training layers', () => {
  let inputs: tf.NamedTensorMap;

  before(async function () {
    await needsTensorFlow.call(this);
    inputs = {
      x: tf.randomNormal(SHAPE, 0.5, 4, 'float32', 1),
      weights: tf.randomNormal(SHAPE, 0, 1, 'float32', 2),
      gamma: tf.tensor1d([5, 4, -3, 2, 1]),
      beta: tf.tensor1d([1, 2, 3, 0, -1]),
    };
  });

  after(() => tf.dispose(inputs));

  for (const op of ['Relu', 'Relu6'] as const) {
    it(`trainRelu has the values and the gradient of tf.${op.toLowerCase()}`, () => {
      const valuesOf =
        (activate: (x: tf.Tensor) => tf.Tensor): TensorFunction =>
        ({ x, weights }) => ({
          y: activate(x),
          gradient: tf.grad((t) => activate(t).mul(weights).sum())(x),
        });
      const theirs = op === 'Relu' ? tf.relu : tf.relu6;
      assertAgree(
        valuesOf((x) => trainRelu(x, op)),
        valuesOf((x) => theirs(x)),
        inputs,
        0,
      );
    });

    it(`trainRelu by ${op} has no gradient at its bounds`, () => {
      const bounds = tf.tensor1d([0, op === 'Relu' ? -1 : 6, 3]);
      const gradient = tf.tidy(() => [
        ...tf
          .grad((x) => trainRelu(x, op).sum())(bounds)
          .dataSync(),
      ]);
      assert.deepEqual(gradient, [0, 0, 1]);
      bounds.dispose();
    });
  }

  it('trainBatchNorm has the values and gradients of a batch norm written out', () => {
    const ours = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) => {
      const movingMean = tf.zerosLike(gamma);
      const movingVariance = tf.onesLike(gamma);
      const options = { gamma, beta, movingMean, movingVariance, epsilon: EPSILON, decay: 0.9 };
      const { y, ...moving } = trainBatchNorm(x, options);
      tf.dispose([moving.movingMean, moving.movingVariance]);
      return y;
    };
    const theirs = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) => {
      const { mean, variance } = tf.moments(x, [0, 1, 2]);
      return x.sub(mean).div(variance.add(EPSILON).sqrt()).mul(gamma).add(beta);
    };
    const valuesOf =
      (normalize: typeof ours): TensorFunction =>
      ({ x, weights, gamma, beta }) => {
        const [dx, dGamma, dBeta] = tf.grads((...args) =>
          normalize(args[0], args[1], args[2]).mul(weights).sum(),
        )([x, gamma, beta]);
        return { y: normalize(x, gamma, beta), dx, dGamma: dGamma, dBeta };
      };
    assertAgree(valuesOf(ours), valuesOf(theirs), inputs, 2e-6);
  });

  it('trainBatchNorm moves the mean by 1 − decay, the variance towards the unbiased one', () => {
    const moving = ({ x, gamma, beta }: tf.NamedTensorMap) => {
      const { y, ...statistics } = trainBatchNorm(x, {
        gamma,
        beta: beta,
        movingMean: tf.fill([5], 3),
        movingVariance: tf.fill([5], 2),
        epsilon: EPSILON,
        decay: 0.75,
      });
      y.dispose();
      return statistics;
    };
    const expected = ({ x }: tf.NamedTensorMap): tf.NamedTensorMap => {
      const { mean, variance } = tf.moments(x, [0, 1, 2]);
      const n = 4 * 6 * 6;
      return {
        movingMean: mean.mul(0.25).add(0.75 * 3),
        movingVariance: variance.mul((0.25 * n) / (n - 1)).add(0.75 * 2),
      };
    };
    const start = memory();
    // The statistics outlive the gradient's tidy: they are the caller's to dispose.
    tf.dispose(tf.tidy(() => moving(inputs)));
    assert.deepEqual(memory(), start);
    assertAgree((given) => copies(moving(given)), expected, inputs, 1e-6);
  });

  function copies(tensors: tf.NamedTensorMap): tf.NamedTensorMap {
    return Object.fromEntries(
      Object.entries(tensors).map(([name, tensor]) => {
        const copy = tensor.clone();
        tensor.dispose();
        return [name, copy];
      }),
    );
  }
});
