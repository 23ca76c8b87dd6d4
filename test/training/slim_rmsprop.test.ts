import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { SlimRmsProp } from '../../training/slim_rmsprop.ts';
import { needsTensorFlow } from '../support/needs_tensorflow.ts';

const CONFIG = { kind: 'slim-rmsprop', decay: 0.9, momentum: 0.9, epsilon: 1 } as const;

/** TF1's `ApplyRMSProp` on one number, in double precision; the mean square starts at 1. */
function reference(weight: number, gradients: readonly number[], rates: readonly number[]): number {
  const { decay, momentum: mu, epsilon } = CONFIG;
  let [w, meanSquare, momentum] = [weight, 1, 0];
  gradients.forEach((g, step) => {
    meanSquare += (g * g - meanSquare) * (1 - decay);
    momentum = mu * momentum + (rates[step]! * g) / Math.sqrt(meanSquare + epsilon);
    w -= momentum;
  });
  return w;
}

describe('SlimRmsProp', () => {
  before(needsTensorFlow);

  /** Runs the optimizer on [N] weights with one array of gradients a step. */
  function run(weights: number[], gradients: number[][], rates: number[]): Float32Array {
    const optimizer = new SlimRmsProp(CONFIG);
    const variable = tf.tidy(() => tf.variable(tf.tensor1d(weights), true));
    try {
      gradients.forEach((values, step) => {
        tf.tidy(() => {
          optimizer.apply([variable], { [variable.name]: tf.tensor1d(values) }, rates[step]!);
        });
      });
      return variable.dataSync<'float32'>();
    } finally {
      optimizer.dispose();
      variable.dispose();
    }
  }

  it('follows TF1’s RMSPropOptimizer over several steps and learning rates', () => {
    const weights = [0.5, -1.25, 3, 0];
    const rates = [0.1, 0.08, 0.05, 0.02, 0.01, 0.3];
    const gradients = rates.map((_, step) =>
      weights.map((_, i) => Math.sin(3 * step + i) * 10 ** (i - 1)),
    );
    const received = run(weights, gradients, rates);
    weights.forEach((weight, i) => {
      const expected = reference(
        weight,
        gradients.map((g) => g[i]!),
        rates,
      );
      assert.ok(
        Math.abs(received[i]! - expected) < 1e-5,
        `weight ${i}: expected ${expected} but received ${received[i]}`,
      );
    });
  });

  it('starts the mean square at 1: the first step is lr · g / √(decay + (1 − decay) g² + ε)', () => {
    const [received] = run([0], [[2]], [0.1]);
    assert.ok(Math.abs(received! + (0.1 * 2) / Math.sqrt(0.9 + 0.1 * 4 + 1)) < 1e-7);
  });

  it('leaves the gradients alive and a variable without gradient at rest', () => {
    const optimizer = new SlimRmsProp(CONFIG);
    const variable = tf.variable(tf.tensor1d([1, 2]), true);
    const gradient = tf.tensor1d([0, 1]);
    optimizer.apply([variable], { [variable.name]: gradient }, 0.1);
    assert.equal(variable.dataSync()[0], 1);
    assert.equal(gradient.isDisposed, false);
    optimizer.dispose();
    tf.dispose([variable, gradient]);
  });

  it('holds two tensors a variable until it is disposed, and nothing after', () => {
    const start = tf.memory().numTensors;
    run(
      [1, 2, 3],
      [
        [1, 1, 1],
        [2, 2, 2],
      ],
      [0.1, 0.1],
    );
    assert.equal(tf.memory().numTensors, start);
  });
});
