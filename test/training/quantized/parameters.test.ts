import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { addition } from '../../../quantize/params/addition.ts';
import { fixedPoint, multiplyFixedPoint } from '../../../quantize/params/fixed_point.ts';
import { quantize } from '../../../quantize/params/quantization.ts';
import { fixedPointProduct } from '../../../training/quantized/fixed_point_product.ts';
import { parametersOf, roundedQuotient } from '../../../training/quantized/parameters.ts';
import { sumLevels } from '../../../training/quantized/sum_levels.ts';

/** Singles of a size that networks have. */
const scales = fc.float({ min: 2 ** -20, max: 10, noNaN: true, noDefaultInfinity: true });

function numbers(tensor: () => tf.Tensor): number[] {
  return tf.tidy(() => [...tensor().dataSync()]);
}

describe('parameters of a range', () => {
  it('are scale and zero point of eq. 1, widened to hold 0, by one multiplication', () => {
    const parts = (min: number, max: number) =>
      tf.tidy(() => {
        const { scale, zeroPoint } = parametersOf(tf.tensor1d([min, max]));
        return [scale.dataSync()[0], zeroPoint.dataSync()[0] + 0];
      });
    assert.deepEqual(parts(-1, 1.55), [Math.fround(Math.fround(2.55) * Math.fround(1 / 255)), 100]);
    assert.deepEqual(parts(2, 255), [Math.fround(255 * Math.fround(1 / 255)), 0]);
    assert.deepEqual(parts(-255, -1), [Math.fround(255 * Math.fround(1 / 255)), 255]);
    assert.deepEqual(parts(0, 0), [1, 0]);
  });
});

describe('a rounded quotient in single precision', () => {
  it('is that of eq. 2 in double precision, at ties as well', () => {
    const values = fc.oneof(
      fc.float({ min: -300, max: 300, noNaN: true }),
      // Quotients that are ties, or beside one by a last bit.
      fc
        .tuple(scales, fc.integer({ min: -127, max: 127 }), fc.integer({ min: -1, max: 1 }))
        .map(([scale, k, bit]) => Math.fround(scale * (k + 0.5) * (1 + bit * 2 ** -24))),
    );
    fc.assert(
      fc.property(scales, fc.array(values, { minLength: 1, maxLength: 50 }), (scale, x) => {
        const ties = x.map((_, k) => Math.fround(scale * (k - 20 + 0.5)));
        const all = [...x, ...ties];
        const received = numbers(() => roundedQuotient(tf.tensor1d(all), tf.scalar(scale)));
        const expected = all.map((value) => quantize(value, { scale, zeroPoint: 128 }));
        assert.deepEqual(
          received.map((level) => Math.min(Math.max(level + 128, 0), 255)),
          expected,
        );
      }),
    );
  });

  it('is the byte of every pixel in [−1, 1], where all quotients are ties', () => {
    const pixels = Array.from({ length: 256 }, (_, p) => Math.fround((2 * p) / 255 - 1));
    const scale = Math.fround(2 / 255);
    const received = numbers(() => roundedQuotient(tf.tensor1d(pixels), tf.scalar(scale)));
    const expected = pixels.map((x) => quantize(x, { scale, zeroPoint: 128 }));
    assert.deepEqual(
      received.map((level) => Math.min(level + 128, 255)),
      expected,
    );
  });
});

describe('a product in fixed point in single precision', () => {
  it('is the integer of eq. 12 that double precision gives, up to what saturates', () => {
    const factors = fc.oneof(
      fc.float({ min: Math.fround(2 ** -34), max: 64, noNaN: true }),
      // Products that are ties.
      fc
        .tuple(fc.integer({ min: 1, max: 255 }), fc.integer({ min: 0, max: 20 }))
        .map(([numerator, bits]) => numerator / 2 ** bits),
    );
    const integers = fc.oneof(
      fc.integer({ min: 0, max: 255 }),
      fc.integer({ min: -(255 ** 2), max: 255 ** 2 }),
    );
    fc.assert(
      fc.property(factors, fc.array(integers, { minLength: 1, maxLength: 50 }), (factor, x) => {
        const received = numbers(() => fixedPointProduct(tf.tensor1d(x), tf.scalar(factor)));
        const expected = x.map((value) => multiplyFixedPoint(value, fixedPoint(factor)));
        const saturated = (values: readonly number[]) =>
          values.map((value) => Math.min(Math.max(value, -600), 600) + 0);
        assert.deepEqual(saturated(received), saturated(expected));
      }),
    );
  });
});

describe('levels of a sum in single precision', () => {
  it('are the integers of eq. 9', () => {
    const offset = fc.integer({ min: -255, max: 255 });
    const ratio = fc.double({ min: 2 ** -10, max: 250, noNaN: true });
    fc.assert(
      fc.property(
        fc.tuple(scales, ratio, ratio),
        fc.array(fc.tuple(offset, offset), { minLength: 1, maxLength: 50 }),
        fc.constantFrom(1 as const, -1 as const),
        ([scaleOut, ratioA, ratioB], pairs, sign) => {
          const [scaleA, scaleB] = [ratioA, ratioB].map((r) => Math.fround(scaleOut * r));
          fc.pre(Math.max(scaleA, scaleB) / scaleOut < 256);
          fc.pre(Math.fround(Math.max(scaleA, scaleB) / scaleOut) >= 2 ** -10);
          const { aMultiplier, bMultiplier, shift } = addition(scaleA, scaleB, scaleOut, sign);
          const expected = pairs.map(([a, b]) =>
            Math.floor((a * aMultiplier + b * bMultiplier + 2 ** (shift - 1)) / 2 ** shift),
          );
          const received = numbers(() => {
            const tensorOf = (values: number[], scale: number) => ({
              offsets: tf.tensor1d(values),
              parameters: { scale: tf.scalar(scale), zeroPoint: tf.scalar(0) },
            });
            const [a, b] = [0, 1].map((at) => pairs.map((pair) => pair[at]));
            const out = tf.scalar(scaleOut);
            return sumLevels(tensorOf(a, scaleA), tensorOf(b, scaleB), out, sign).rounded;
          });
          assert.deepEqual(
            received.map((level) => level + 0),
            expected.map((level) => level + 0),
          );
        },
      ),
    );
  });
});
