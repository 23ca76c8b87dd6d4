import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import {
  type Activation,
  activated,
  isPlainActivation,
} from '../../../architectures/graph/operations/activation_function.ts';
import { activationOf } from '../../../architectures/graph/operations/activation_value.ts';

const NAMES = [
  ...['linear', 'relu', 'relu6', 'sigmoid', 'tanh', 'hardSigmoid', 'swish', 'elu', 'selu'],
  ...['softplus', 'softsign'],
].filter(isPlainActivation);

const RELUS: readonly Activation[] = [
  { kind: 'relu', max: Infinity, slope: 0.3, threshold: 0 },
  { kind: 'relu', max: 2, slope: 0, threshold: 0.5 },
  { kind: 'relu', max: 4, slope: 0.1, threshold: -1 },
];

describe('activationOf', () => {
  for (const activation of [...NAMES, ...RELUS]) {
    it(`is what TensorFlow.js computes: ${JSON.stringify(activation)}`, () => {
      const values = Array.from({ length: 161 }, (_, i) => (i - 80) / 8);
      const expected = tf.tidy(() => activated(activation, tf.tensor1d(values), tf).dataSync());
      const f = activationOf(activation);
      for (const [i, x] of values.entries()) {
        assert.ok(
          Math.abs(f(x) - expected[i]) <= 1e-5 * Math.max(1, Math.abs(expected[i])),
          `${x}`,
        );
      }
    });
  }
});
