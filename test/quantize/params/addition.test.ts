import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  addition,
  isSummandScale,
  leastSummandScale,
  sumScales,
} from '../../../quantize/params/addition.ts';

const scale = () => fc.float({ min: Math.fround(1e-3), max: 2, noNaN: true });

describe('addition', () => {
  it('has the larger multiplier in [2²⁰, 2²¹]', () => {
    fc.assert(
      fc.property(scale(), scale(), scale(), (a, b, out) => {
        fc.pre(Math.max(a, b) / out < 2 ** 8 && Math.max(a, b) / out >= 2 ** -10);
        const { aMultiplier, bMultiplier, shift } = addition(a, b, out, 1);
        const larger = Math.max(aMultiplier, bMultiplier);
        assert.ok(larger >= 2 ** 20 && larger <= 2 ** 21);
        assert.ok(Number.isInteger(shift) && shift >= 13 && shift <= 30);
      }),
    );
  });

  it('is within half a step, and 2⁻¹¹, of the real sum where nothing is clamped (eq. 9)', () => {
    const byte = () => fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(
        scale(),
        scale(),
        fc.tuple(byte(), byte(), byte(), byte()),
        fc.constantFrom(1 as const, -1 as const),
        (a, b, [aq, bq, za, zb], sign) => {
          const out = Math.fround(a + b);
          const { aMultiplier, bMultiplier, shift } = addition(a, b, out, sign);
          const sum = (aq - za) * aMultiplier + (bq - zb) * bMultiplier;
          const steps = Math.floor((sum + 2 ** (shift - 1)) / 2 ** shift);
          const real = ((aq - za) * a + sign * (bq - zb) * b) / out;
          assert.ok(Math.abs(steps - real) <= 0.5 + 2 ** -11, `${steps} for ${real}`);
        },
      ),
    );
  });

  it('subtracts by a second multiplier below 0', () => {
    assert.deepEqual(addition(0.5, 0.25, 0.5, 1), {
      aMultiplier: 2 ** 20,
      bMultiplier: 2 ** 19,
      shift: 20,
    });
    assert.equal(addition(0.5, 0.25, 0.5, -1).bMultiplier, -(2 ** 19));
  });

  it('refuses scales far from the sum’s, and names a least one that it takes', () => {
    assert.throws(() => addition(1, 0.5, 2 ** -8, 1), {
      name: 'QuantizationError',
      message: /^Expected the scales of a sum's inputs within \[2⁻¹⁰, 2⁸\) of its own/,
    });
    assert.throws(() => addition(2 ** -11, 2 ** -12, 1, 1), /within \[2⁻¹⁰, 2⁸\)/);
    for (const scale of sumScales(1, 0.5)) addition(1, 0.5, scale, 1);
  });

  it('has a least scale of its inputs that XNNPACK takes, and nothing below', () => {
    fc.assert(
      fc.property(scale(), (out) => {
        const least = leastSummandScale(out);
        assert.ok(isSummandScale(least, out));
        assert.ok(!isSummandScale(Math.fround(least * (1 - 2 ** -18)), out));
        assert.ok(!isSummandScale(Math.fround(out * 256), out));
      }),
    );
  });
});
