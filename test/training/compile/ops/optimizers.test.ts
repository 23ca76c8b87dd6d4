import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { CompiledFunctions } from '../../../../training/compile/compile.ts';
import { applyAdam, applyRmsProp } from '../../../../training/compile/ops/optimizers.ts';
import { needsTensorFlow } from '../../../support/needs_tensorflow.ts';

const RMSPROP = { decay: 0.9, momentum: 0.8, epsilon: 1 };
const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-3 };
/** 1 − β₂ has five digits: the op takes β₂ in float32. */
const BETA2 = Math.fround(ADAM.beta2);

/** tf.train.RMSPropOptimizer on one number, in double precision: [w, meanSquare, momentum]. */
function rmsProp(weight: number, gradients: readonly number[], rates: readonly number[]): number[] {
  let [w, meanSquare, momentum] = [weight, 1, 0];
  gradients.forEach((g, step) => {
    meanSquare += (g * g - meanSquare) * (1 - RMSPROP.decay);
    momentum =
      RMSPROP.momentum * momentum + (rates[step] * g) / Math.sqrt(meanSquare + RMSPROP.epsilon);
    w -= momentum;
  });
  return [w, meanSquare, momentum];
}

/** tf.train.AdamOptimizer on one number, in double precision: [w, m, v]. */
function adam(weight: number, gradients: readonly number[], rates: readonly number[]): number[] {
  const { beta1, epsilon } = ADAM;
  let [w, m, v] = [weight, 0, 0];
  gradients.forEach((g, step) => {
    m = beta1 * m + (1 - beta1) * g;
    v = BETA2 * v + (1 - BETA2) * g * g;
    const rate = (rates[step] * Math.sqrt(1 - BETA2 ** (step + 1))) / (1 - beta1 ** (step + 1));
    w -= (rate * m) / (Math.sqrt(v) + epsilon);
  });
  return [w, m, v];
}

/** Changes a weight and its two slots, [N] each. */
type Update = (
  variables: readonly [tf.Variable, tf.Variable, tf.Variable],
  gradient: tf.Tensor,
  rate: tf.Tensor,
  step: tf.Tensor,
) => void;

const OPTIMIZERS: Readonly<
  Record<string, { update: Update; slots: [number, number]; reference: typeof adam }>
> = {
  applyRmsProp: {
    update: ([w, meanSquare, momentum], gradient, rate) =>
      applyRmsProp(w, { meanSquare, momentum }, gradient, rate, RMSPROP),
    slots: [1, 0],
    reference: rmsProp,
  },
  applyAdam: {
    update: ([w, firstMoment, secondMoment], gradient, rate, step) => {
      const beta1Power = tf.pow(tf.scalar(ADAM.beta1), step);
      const beta2Power = tf.pow(tf.scalar(ADAM.beta2), step);
      const powers = { beta1Power, beta2Power };
      applyAdam(w, { firstMoment, secondMoment }, gradient, rate, powers, ADAM);
    },
    slots: [0, 0],
    reference: adam,
  },
};

const WEIGHTS = [0.5, -1.25, 3, 0];
const RATES = [0.1, 0.08, 0.05, 0.02, 0.01, 0.3];
const GRADIENTS = RATES.map((_, step) =>
  WEIGHTS.map((_, i) => Math.sin(3 * step + i) * 10 ** (i - 1)),
);

describe('optimizers’ ops', () => {
  before(needsTensorFlow);

  for (const [name, { update, slots, reference }] of Object.entries(OPTIMIZERS)) {
    for (const kind of ['written out', 'compiled']) {
      it(`${name} follows TensorFlow 1’s optimizer over several steps and rates, ${kind}`, () => {
        const start = [WEIGHTS, ...slots.map((value) => WEIGHTS.map(() => value))];
        const variables = tf.tidy(() => start.map((values) => tf.variable(tf.tensor1d(values))));
        const [w, first, second] = variables as [tf.Variable, tf.Variable, tf.Variable];
        const run = ({ gradient, rate, step }: tf.NamedTensorMap) => {
          update([w, first, second], gradient, rate, step);
          return { done: tf.scalar(1) };
        };
        const compiled = new CompiledFunctions({ run });
        GRADIENTS.forEach((gradient, step) => {
          tf.tidy(() => {
            const inputs = {
              gradient: tf.tensor1d(gradient),
              rate: tf.scalar(RATES[step]),
              step: tf.scalar(step + 1),
            };
            return kind === 'compiled' ? compiled.call('run', inputs) : run(inputs);
          });
        });
        compiled.pull();
        WEIGHTS.forEach((weight, i) => {
          const expected = reference(
            weight,
            GRADIENTS.map((gradient) => gradient[i]),
            RATES,
          );
          const received = variables.map((variable) => variable.dataSync()[i]);
          expected.forEach((value, index) => {
            assert.ok(
              Math.abs(received[index] - value) <= 3e-6 * Math.max(1, Math.abs(value)),
              `number ${i}: expected ${expected} but received ${received}`,
            );
          });
        });
        compiled.dispose();
        tf.dispose(variables);
      });
    }
  }
});
