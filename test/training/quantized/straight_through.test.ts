import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import {
  gradientPlus,
  gradientScaled,
  quantized,
  withValue,
} from '../../../training/quantized/straight_through.ts';

/** The gradients of Σ weight · f at the inputs. */
function gradients(
  f: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: readonly (readonly number[])[],
  weights: readonly number[],
): number[][] {
  return tf.tidy(() => {
    const tensors = inputs.map((values) => tf.tensor1d([...values]));
    const found = tf.grads((...xs: tf.Tensor[]) =>
      f(...xs)
        .mul(tf.tensor1d([...weights]))
        .sum(),
    );
    return found(tensors).map((gradient) => [...gradient.dataSync()]);
  });
}

describe('straight-through gradients', () => {
  it('of a value that is put in the place of another go to that other', () => {
    const [gx] = gradients((x) => withValue(x.square(), x.round()), [[1.4, -2.6]], [1, 10]);
    assert.deepEqual(gx, [Math.fround(2.8), Math.fround(-52)]);
  });

  it('are multiplied, or added to, on their way', () => {
    const [scaled] = gradients((x) => gradientScaled(x, tf.scalar(3)), [[1, 2]], [1, 10]);
    assert.deepEqual(scaled, [3, 30]);
    const [plus] = gradients((x) => gradientPlus(x, tf.tensor1d([5, 7])), [[1, 2]], [1, 10]);
    assert.deepEqual(plus, [6, 17]);
  });

  it('of a byte are those of learned step sizes, by hand', () => {
    // range [−1, 1.55]: scale 0.01, zero point 100. In steps: −120.25, −50.25, 0.5, 200.
    const steps = [-120.25, -50.25, 0.5, 200];
    const dy = [1, 2, 3, 4];
    const [gx, range] = gradients(
      (x, ends) => {
        const exact = tf.tensor1d(steps);
        return quantized(x, ends, {
          steps: exact,
          rounded: exact.round(),
          zeroPoint: tf.scalar(100),
        });
      },
      [steps.map((value) => value * 0.01), [-1, 1.55]],
      dy,
    );
    // The first is below byte 0 (−20), the last above byte 255 (300): they pass nothing on.
    assert.deepEqual(gx, [0, 2, 3, 0]);
    // e = (rounded − exact) / 255: 0.25 / 255 of the second; the tie 0.5 becomes 0: −0.5 / 255.
    const error = (2 * 0.25 + 3 * -0.5) / 255;
    assert.ok(Math.abs(range[0] - (1 - error)) < 1e-6);
    assert.ok(Math.abs(range[1] - (4 + error)) < 1e-6);
  });

  it('of a byte agree with differences of the range where the error is held', () => {
    // x̂ = scale · clamp(round(x / scale) + z): with the roundings held, it is linear in the ends of the range.
    const x = 0.7312;
    const real = (max: number) => {
      const scale = max / 255;
      const rounding = Math.round(x / (2 / 255)) - x / (2 / 255);
      return scale * (x / scale + rounding);
    };
    const difference = (real(2.001) - real(1.999)) / 0.002;
    const [, [, ofMax]] = gradients(
      (value, ends) => {
        const exact = value.div(2 / 255);
        return quantized(value, ends, {
          steps: exact,
          rounded: exact.round(),
          zeroPoint: tf.scalar(0),
        });
      },
      [[x], [0, 2]],
      [1],
    );
    assert.ok(Math.abs(ofMax - difference) < 1e-5);
  });
});
