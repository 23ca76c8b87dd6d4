import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { compile } from '../../../../training/compile/compile.ts';
import { transposedDoubleProduct } from '../../../../training/compile/ops/double_product.ts';
import { needsTensorFlow } from '../../../support/needs_tensorflow.ts';

describe('transposedDoubleProduct', () => {
  before(needsTensorFlow);

  it('multiplies and sums in double precision', () => {
    const positions = 5000;
    // A mean of 1000 beside a deviation of 1: squares lose the deviation in single precision.
    const a = Float32Array.from({ length: positions * 3 }, (_, i) => 1000 + Math.sin(i));
    const b = Float32Array.from({ length: positions * 2 }, (_, i) => 1000 + Math.cos(i * i));
    const expected = new Float64Array(6);
    for (let p = 0; p < positions; p++) {
      for (let i = 0; i < 6; i++) {
        expected[i] += a[3 * p + Math.floor(i / 2)] * b[2 * p + (i % 2)];
      }
    }
    const compiled = compile(({ a, b }) => {
      const { high, low } = transposedDoubleProduct(a as tf.Tensor2D, b as tf.Tensor2D);
      return { high, low };
    });
    const inputs = { a: tf.tensor2d(a, [positions, 3]), b: tf.tensor2d(b, [positions, 2]) };
    const { high, low } = compiled.call(inputs);
    assert.deepEqual(high.shape, [3, 2]);
    const [highs, lows] = [high.dataSync(), low.dataSync()];
    expected.forEach((value, i) => {
      const error = Math.abs(highs[i] + lows[i] - value) / value;
      assert.ok(error < 2 ** -46, `${i}: ${error}`);
    });
    tf.dispose([inputs, high, low]);
    compiled.dispose();
  });

  it('refuses to multiply in single precision outside of a compiled function', () => {
    const x = tf.ones<tf.Rank.R2>([2, 2]);
    assert.throws(
      () => transposedDoubleProduct(x, x),
      /Expected a function that is compiled .* received the backend tensorflow/,
    );
    x.dispose();
  });
});
