import assert from 'node:assert/strict';
import type * as tfTypes from '@tensorflow/tfjs';
import fc from 'fast-check';
import {
  adjustBrightness,
  adjustContrast,
  adjustHue,
  adjustSaturation,
} from '../../../datasets/augment/colour.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { imageOp, largestDifference } from './tensorflow_op.ts';

type Adjust = (pixels: Float32Array, amount: number) => void;

/** The pixels after an operation, rounded to 6 digits. */
function result(adjust: Adjust, pixels: readonly number[], amount: number): number[] {
  const values = Float32Array.from(pixels);
  adjust(values, amount);
  return Array.from(values, (value) => Math.round(value * 1e6) / 1e6);
}

const OLIVE = [0.5, 0.5, 0.25];

describe('colour', () => {
  it('adjustBrightness adds to every value and does not clamp', () => {
    assert.deepEqual(result(adjustBrightness, [0, 0.5, 1], 0.25), [0.25, 0.75, 1.25]);
    assert.deepEqual(result(adjustBrightness, [0, 0.5, 1], -0.25), [-0.25, 0.25, 0.75]);
  });

  it("adjustContrast scales the distance from each channel's own mean", () => {
    // Means 0.5, 0.25 and 0.
    const pixels = [0.25, 0, 0, 0.75, 0.5, 0];
    assert.deepEqual(result(adjustContrast, pixels, 2), [0, -0.25, 0, 1, 0.75, 0]);
    assert.deepEqual(result(adjustContrast, pixels, 0), [0.5, 0.25, 0, 0.5, 0.25, 0]);
  });

  it('adjustSaturation keeps the value of HSV and scales the saturation', () => {
    // HSV (1/6, 0.5, 0.5): saturation 0.25 leaves a range of 0.125 below the value.
    assert.deepEqual(result(adjustSaturation, OLIVE, 0.5), [0.5, 0.5, 0.375]);
    assert.deepEqual(result(adjustSaturation, OLIVE, 0), [0.5, 0.5, 0.5]);
  });

  it('adjustSaturation stops at saturation 1', () => {
    assert.deepEqual(result(adjustSaturation, OLIVE, 3), [0.5, 0.5, 0]);
  });

  it('adjustHue turns red to green to blue by thirds, and back by a whole turn', () => {
    assert.deepEqual(result(adjustHue, [1, 0, 0], 1 / 3), [0, 1, 0]);
    assert.deepEqual(result(adjustHue, [1, 0, 0], -1 / 3), [0, 0, 1]);
    assert.deepEqual(result(adjustHue, [1, 0, 0], 1), [1, 0, 0]);
  });

  it('adjustHue keeps the largest and the smallest channel', () => {
    // Hue 60° (yellow) plus 30°: red falls half of the way, which is 0.25 · 0.5 below 0.5.
    assert.deepEqual(result(adjustHue, OLIVE, 1 / 12), [0.375, 0.5, 0.25]);
  });

  it('leaves grey pixels grey, whatever their saturation and hue are turned to', () => {
    const grey = [0.25, 0.25, 0.25, 0, 0, 0, 1, 1, 1];
    assert.deepEqual(result(adjustSaturation, grey, 1.5), grey);
    assert.deepEqual(result(adjustHue, grey, 0.2), grey);
  });

  describe("agrees with TensorFlow's kernels on any pixels, also beyond [0, 1]", () => {
    let tf: typeof tfTypes;

    before(async function () {
      await needsTensorFlow.call(this);
      tf = await import('@tensorflow/tfjs-node');
    });

    // Multiples of 2⁻¹⁰: TensorFlow flushes denormal numbers to 0, which pixels never are.
    const value = fc.integer({ min: -256, max: 1280 }).map((step) => step / 1024);
    const pixels = fc
      .array(fc.tuple(value, value, value), { minLength: 1, maxLength: 30 })
      .map((all) => Float32Array.from(all.flat()));

    for (const [name, op, adjust, low, high] of [
      ['adjustContrast', 'AdjustContrastv2', adjustContrast, 0.5, 1.5],
      ['adjustSaturation', 'AdjustSaturation', adjustSaturation, 0.5, 1.5],
      ['adjustHue', 'AdjustHue', adjustHue, -0.2, 0.2],
    ] as const) {
      it(name, () => {
        fc.assert(
          fc.property(pixels, fc.double({ min: low, max: high, noNaN: true }), (values, amount) => {
            const expected = tf.tidy(() =>
              imageOp(tf, op, [tf.tensor3d(values, [1, values.length / 3, 3]), tf.scalar(amount)]),
            );
            const adjusted = values.slice();
            adjust(adjusted, amount);
            assert.ok(largestDifference(adjusted, expected) <= 1e-5);
          }),
        );
      });
    }
  });
});
