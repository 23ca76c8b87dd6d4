import assert from 'node:assert/strict';
import fc from 'fast-check';
import { accumulatorBound, requireAccumulatorFits } from '../../../quantize/params/accumulator.ts';
import { QuantizationError } from '../../../quantize/params/errors.ts';

const byte = () => fc.integer({ min: 0, max: 255 });

describe('accumulatorBound', () => {
  it('is biasMax + taps · max(zx, 255 − zx) · max(wz, 255 − wz)', () => {
    const terms = { biasMax: 7, taps: 9, inputZeroPoint: 100, weightZeroPoint: 255 };
    assert.equal(accumulatorBound(terms), 7 + 9 * 155 * 255);
  });

  it('is reached by some bytes and exceeded by none', () => {
    fc.assert(
      fc.property(byte(), byte(), (inputZeroPoint, weightZeroPoint) => {
        const differences = (zeroPoint: number) => [0 - zeroPoint, 255 - zeroPoint];
        const products = differences(inputZeroPoint).flatMap((x) =>
          differences(weightZeroPoint).map((w) => Math.abs(x * w)),
        );
        const terms = { biasMax: 0, taps: 1, inputZeroPoint, weightZeroPoint };
        assert.equal(accumulatorBound(terms), Math.max(...products));
      }),
    );
  });

  it('refuses terms that are out of range, naming them', () => {
    const terms = { biasMax: 0, taps: 1, inputZeroPoint: 0, weightZeroPoint: 0 };
    assert.throws(() => accumulatorBound({ ...terms, biasMax: -1 }), /for biasMax/);
    assert.throws(() => accumulatorBound({ ...terms, taps: 0 }), /for taps/);
    assert.throws(() => accumulatorBound({ ...terms, inputZeroPoint: 256 }), /for inputZeroPoint/);
    assert.throws(() => accumulatorBound({ ...terms, weightZeroPoint: -1 }), /weightZeroPoint/);
  });

  it('refuses a bound that is no safe integer', () => {
    const terms = { biasMax: 0, taps: 2 ** 40, inputZeroPoint: 0, weightZeroPoint: 0 };
    assert.throws(() => accumulatorBound(terms), /at most 2⁵³ − 1 for the accumulator bound/);
  });
});

describe('requireAccumulatorFits', () => {
  const terms = { biasMax: 0, taps: 33025, inputZeroPoint: 0, weightZeroPoint: 0 };

  it('accepts a bound of 2³¹ − 1', () => {
    const biasMax = 2 ** 31 - 1 - accumulatorBound(terms);
    requireAccumulatorFits('Logits', { ...terms, biasMax });
  });

  it('refuses a bound of 2³¹, naming the layer, with a remedy', () => {
    const biasMax = 2 ** 31 - accumulatorBound(terms);
    assert.throws(
      () => requireAccumulatorFits('Logits', { ...terms, biasMax }),
      (error) =>
        error instanceof QuantizationError &&
        /Logits but 33025 products .* may reach 2147483648/.test(error.message) &&
        error.remedy !== undefined,
    );
  });
});
