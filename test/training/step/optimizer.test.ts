import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import type { Recipe } from '../../../training/recipes/recipe.ts';
import { createOptimizer } from '../../../training/step/optimizer.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { memory } from '../compile/support.ts';

const RMSPROP = { kind: 'slim-rmsprop', decay: 0.9, momentum: 0.5, epsilon: 1 } as const;
const ADAM = { kind: 'adam', beta1: 0.9, beta2: 0.99, epsilon: 0.5 } as const;

describe('createOptimizer', () => {
  before(needsTensorFlow);

  /** Steps of one weight that starts at 1; gives the weight after each, and the slots at the end. */
  function run(config: Recipe['optimizer'], gradients: readonly number[], learningRate: number) {
    const weight = tf.tidy(() => tf.variable(tf.scalar(1)));
    const optimizer = createOptimizer(config, new Map([['w', weight]]));
    const weights = gradients.map((gradient, step) =>
      tf.tidy(() => {
        const inputs = { learningRate: tf.scalar(learningRate), stepNumber: tf.scalar(step + 1) };
        optimizer.apply('w', tf.scalar(gradient), inputs);
        return weight.dataSync()[0];
      }),
    );
    const slots = Object.fromEntries(
      [...optimizer.slots].map(([name, slot]) => [name, slot.dataSync()[0]]),
    );
    tf.dispose([weight, ...optimizer.slots.values()]);
    return { weights, slots };
  }

  function assertNear(received: readonly number[], expected: readonly number[]): void {
    expected.forEach((value, i) => {
      const difference = Math.abs(received[i] - value);
      assert.ok(difference <= 1e-6, `expected ${expected} but received ${received}`);
    });
  }

  it('slim-rmsprop starts the mean square at 1 and puts ε under the root', () => {
    const { weights, slots } = run(RMSPROP, [2, -1], 0.1);
    // Mean squares 0.9 · 1 + 0.1 · 4 = 1.3 and 0.9 · 1.3 + 0.1 · 1 = 1.27.
    const first = (0.1 * 2) / Math.sqrt(1.3 + 1);
    const second = 0.5 * first - (0.1 * 1) / Math.sqrt(1.27 + 1);
    assertNear(weights, [1 - first, 1 - first - second]);
    assertNear([slots['w/RMSProp'], slots['w/RMSProp_1']], [1.27, second]);
  });

  it('adam corrects the bias of its moments by the number of the step', () => {
    const { weights, slots } = run(ADAM, [2, -1], 0.1);
    // m: 0.1 · 2 = 0.2, 0.9 · 0.2 − 0.1 = 0.08. v: 0.01 · 4 = 0.04, 0.99 · 0.04 + 0.01 = 0.0496.
    const first = ((0.1 * Math.sqrt(1 - 0.99)) / (1 - 0.9)) * (0.2 / (Math.sqrt(0.04) + 0.5));
    const second =
      ((0.1 * Math.sqrt(1 - 0.99 ** 2)) / (1 - 0.9 ** 2)) * (0.08 / (Math.sqrt(0.0496) + 0.5));
    assertNear(weights, [1 - first, 1 - first - second]);
    assertNear([slots['w/Adam'], slots['w/Adam_1']], [0.08, 0.0496]);
  });

  it('adam without ε steps by the learning rate at first, whatever the gradient', () => {
    for (const gradient of [1e-3, 50, -7]) {
      const { weights } = run({ ...ADAM, epsilon: 1e-12 }, [gradient], 0.01);
      assertNear(weights, [1 - 0.01 * Math.sign(gradient)]);
    }
  });

  for (const config of [RMSPROP, ADAM]) {
    it(`${config.kind} has two slots a weight, of its shape, and holds no other tensor`, () => {
      const weights = new Map([
        ['a', tf.tidy(() => tf.variable(tf.zeros([2, 3])))],
        ['b', tf.tidy(() => tf.variable(tf.zeros([4])))],
      ]);
      const start = memory();
      const optimizer = createOptimizer(config, weights);
      assert.deepEqual(
        [...optimizer.slots.values()].map(({ shape }) => shape),
        [[2, 3], [2, 3], [4], [4]],
      );
      assert.ok([...optimizer.slots.values()].every(({ trainable }) => !trainable));
      tf.tidy(() => {
        const inputs = { learningRate: tf.scalar(0.1), stepNumber: tf.scalar(1) };
        const gradient = tf.ones([4]);
        optimizer.apply('b', gradient, inputs);
        assert.equal(gradient.isDisposed, false);
      });
      assert.equal(memory().numTensors, start.numTensors + 4);
      assert.deepEqual([...weights.get('a')!.dataSync()], [0, 0, 0, 0, 0, 0]);
      tf.dispose([...optimizer.slots.values()]);
      assert.equal(memory().numTensors, start.numTensors);
      tf.dispose([...weights.values()]);
    });
  }
});
