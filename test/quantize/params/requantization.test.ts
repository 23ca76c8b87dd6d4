import assert from 'node:assert/strict';
import fc from 'fast-check';
import { QuantizationError } from '../../../quantize/params/errors.ts';
import {
  type ActivationKind,
  activationBounds,
  requantize,
  requantizeMultiplier,
} from '../../../quantize/params/requantization.ts';
import { requantizeExactly } from './exact.ts';

const single = (min: number, max: number) =>
  fc.float({ min: Math.fround(min), max: Math.fround(max), noNaN: true });

describe('requantizeMultiplier', () => {
  it('rounds to single precision after the product and after the quotient', () => {
    const [a, b, c] = [0.1, 0.3, 0.7].map(Math.fround);
    assert.equal(requantizeMultiplier(a, b, c), Math.fround(Math.fround(a * b) / c));
  });

  it('refuses scales and quotients that are no normal single-precision numbers', () => {
    const tiny = 2 ** -126;
    assert.throws(() => requantizeMultiplier(1, 1, 0), QuantizationError);
    assert.throws(() => requantizeMultiplier(1, 1, 0.1), /for scaleOut/);
    assert.throws(() => requantizeMultiplier(tiny, 1, 2), /for the multiplier/);
    assert.throws(() => requantizeMultiplier(2 ** 100, 1, tiny), /for the multiplier/);
  });
});

describe('requantize', () => {
  it('rounds the product half to even', () => {
    const bytes = [-3, -1, 1, 3, 5].map((acc) => requantize(acc, 0.5, 100, 0, 255));
    assert.deepEqual(bytes, [98, 100, 100, 102, 102]);
  });

  it('clamps after adding the zero point', () => {
    assert.equal(requantize(-40, 1, 50, 20, 200), 20);
    assert.equal(requantize(-20, 1, 50, 20, 200), 30);
    assert.equal(requantize(170, 1, 50, 20, 200), 200);
  });

  it('rounds an accumulator above 2²⁴ to single precision first', () => {
    // (2²⁴ + 1) · 2⁻²⁵ is above a half, but f32(2²⁴ + 1) = 2²⁴ is a tie.
    assert.equal(requantize(2 ** 24 + 1, 2 ** -25, 0, 0, 255), 0);
    assert.equal(requantize(2 ** 24 + 2, 2 ** -25, 0, 0, 255), 1);
  });

  it('saturates at the bounds for the ends of int32 and an overflowing product', () => {
    const large = Math.fround(3e38);
    assert.equal(requantize(2 ** 31 - 1, large, 255, 3, 250), 250);
    assert.equal(requantize(-(2 ** 31), large, 255, 3, 250), 3);
    assert.equal(requantize(0, large, 7, 3, 250), 7);
  });

  it('equals eq. 5 by exact rationals', () => {
    const accumulator = fc.oneof(fc.integer(), fc.integer({ min: -70000, max: 70000 }));
    const multiplier = fc.oneof(
      single(2 ** -149, 3e38),
      single(1e-5, 1),
      fc.integer({ min: -40, max: 3 }).map((n) => 2 ** n),
    );
    const byte = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(accumulator, multiplier, byte, byte, byte, (acc, m, zeroPoint, a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        assert.equal(
          requantize(acc, m, zeroPoint, low, high),
          requantizeExactly(BigInt(acc), m, zeroPoint, low, high),
        );
      }),
      { numRuns: 3000 },
    );
  });
});

describe('activationBounds', () => {
  const output = { scale: Math.fround(0.05), zeroPoint: 30 };

  it('gives a linear layer the whole byte', () => {
    assert.deepEqual(activationBounds('linear', output), { low: 0, high: 255 });
  });

  it('gives ReLU the byte of 0 as its lower bound', () => {
    assert.deepEqual(activationBounds('relu', output), { low: 30, high: 255 });
  });

  it('gives ReLU6 the bytes of 0 and 6', () => {
    assert.deepEqual(activationBounds('relu6', output), { low: 30, high: 150 });
    const narrow = { scale: Math.fround(0.01), zeroPoint: 0 };
    assert.deepEqual(activationBounds('relu6', narrow), { low: 0, high: 255 });
  });

  it('refuses another activation', () => {
    assert.throws(
      () => activationBounds('elu' as ActivationKind, output),
      /"linear", "relu" or "relu6" for the kind of activation but received elu/,
    );
  });
});
