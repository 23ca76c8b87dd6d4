import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import {
  type Activation,
  activated,
  isPlainActivation,
} from '../../../architectures/graph/operations/activation_function.ts';
import { activationOf } from '../../../architectures/graph/operations/activation_value.ts';
import {
  approximateGelu,
  ERROR_FUNCTION,
  EXPONENTIAL,
  eluOf,
  exactGelu,
  MISH,
  SQUARE_ROOT,
} from '../../../architectures/graph/operations/functions.ts';

const NAMES = [
  ...['linear', 'relu', 'relu6', 'sigmoid', 'tanh', 'hardSigmoid', 'swish', 'elu', 'selu'],
  ...['softplus', 'softsign'],
].filter(isPlainActivation);

const COMPOSED: Readonly<Record<string, Activation>> = {
  EXPONENTIAL,
  ERROR_FUNCTION,
  SQUARE_ROOT,
  MISH,
  'the exact GELU': exactGelu(),
  'the approximate GELU': approximateGelu(),
  'an ELU down to -0.3': eluOf(0.3),
  'a SELU of its own': eluOf(1.2, 0.9),
};

const RELUS: readonly Activation[] = [
  { kind: 'relu', max: Infinity, slope: 0.3, threshold: 0 },
  { kind: 'relu', max: 2, slope: 0, threshold: 0.5 },
  { kind: 'relu', max: 4, slope: 0.1, threshold: -1 },
];

describe('activationOf', () => {
  const titled = [...NAMES, ...RELUS].map((each) => [JSON.stringify(each), each] as const);
  for (const [title, activation] of [...titled, ...Object.entries(COMPOSED)]) {
    it(`is what TensorFlow.js computes: ${title}`, () => {
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

  it('has an error function as exact as its arguments', () => {
    const erf = activationOf(ERROR_FUNCTION);
    // Abramowitz and Stegun, table 7.1, and Wolfram's digits.
    for (const [x, expected] of [
      [0, 0],
      [0.5, 0.5204998778130465],
      [1, 0.8427007929497149],
      [2, 0.9953222650189527],
      [4, 0.9999999845827421],
      [7, 1],
    ]) {
      assert.ok(Math.abs(erf(x) - expected) < 1e-15, `${x}`);
      assert.equal(erf(-x), -erf(x));
    }
  });
});
