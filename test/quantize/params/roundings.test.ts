import assert from 'node:assert/strict';
import fc from 'fast-check';
import { requantizer } from '../../../quantize/ops/requantization.ts';
import { QuantizationError } from '../../../quantize/params/errors.ts';
import { multiplierFor } from '../../../quantize/params/requantization.ts';
import {
  fixedMultiplier,
  ROUNDINGS,
  requireRounding,
  roundFixed,
} from '../../../quantize/params/roundings.ts';
import { requantizeExactly, roundFixedExactly } from './exact.ts';

const accumulators = () =>
  fc.oneof(
    fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    fc.integer({ min: -70_000, max: 70_000 }),
    fc.constantFrom(0, 1, -1, 2 ** 31 - 1, -(2 ** 31)),
  );

const multipliers = () =>
  fc.oneof(
    fc.double({ min: 1e-9, max: 4, noNaN: true }),
    fc.integer({ min: -40, max: 3 }).map((n) => 2 ** n),
    fc.double({ min: 1e-300, max: 1e30, noNaN: true }),
  );

describe('roundings', () => {
  for (const rounding of ROUNDINGS) {
    it(`${rounding} is what exact integers compute`, () =>
      fc.assert(
        fc.property(
          accumulators(),
          multipliers(),
          fc.integer({ min: 0, max: 255 }),
          (accumulator, value, outputZeroPoint) => {
            const isSingle = rounding === ROUNDINGS[0];
            const least = isSingle ? 2 ** -149 : value;
            const multiplier = isSingle ? Math.max(Math.fround(value), least) : value;
            const call = { multiplier, outputZeroPoint, low: 3, high: 250, rounding };
            const expected = isSingle
              ? requantizeExactly(BigInt(accumulator), multiplier, outputZeroPoint, 3, 250)
              : roundFixedExactly(
                  BigInt(accumulator),
                  multiplier,
                  rounding,
                  outputZeroPoint,
                  3,
                  250,
                );
            assert.equal(requantizer(call)(accumulator), expected);
          },
        ),
        { numRuns: 4000 },
      ));
  }

  it('send ties to where their names say', () => {
    const half = fixedMultiplier(0.5);
    const of = (rounding: 'double-rounding' | 'shift-round' | 'power-of-two') =>
      [-3, -1, 1, 3].map((accumulator) => roundFixed(accumulator, half, rounding) + 0);
    assert.deepEqual(of('shift-round'), [-1, 0, 1, 2]);
    assert.deepEqual(of('power-of-two'), [-1, 0, 1, 2]);
    // The first rounding, of the doubled product, sends them up; there is no second one at one half.
    assert.deepEqual(of('double-rounding'), [-1, 0, 1, 2]);
    const quarter = fixedMultiplier(0.25);
    const twice = [-6, -2, 2, 6].map((each) => roundFixed(each, quarter, 'double-rounding') + 0);
    assert.deepEqual(twice, [-2, -1, 1, 2]);
  });

  it('differ from the exact number by at most what README says', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: -(2 ** 24), max: 2 ** 24 }),
        fc.double({ min: 1e-7, max: 0.99, noNaN: true }),
        (accumulator, multiplier) => {
          const exact = accumulator * multiplier;
          fc.pre(Math.abs(exact) < 512);
          const fixed = fixedMultiplier(multiplier);
          const off = (rounding: 'double-rounding' | 'shift-round') =>
            Math.abs(roundFixed(accumulator, fixed, rounding) - exact);
          assert.ok(off('shift-round') <= 0.5 + 2 ** -21);
          assert.ok(off('double-rounding') <= 0.75 + 2 ** -21);
        },
      ),
    ));

  it('power-of-two takes no other multiplier', () => {
    assert.equal(multiplierFor('power-of-two', 0.25, 0.5, 1), 0.125);
    assert.throws(() => multiplierFor('power-of-two', 0.25, 0.75, 1), QuantizationError);
  });

  it('are known by name', () => {
    assert.equal(requireRounding('shift-round'), 'shift-round');
    assert.throws(() => requireRounding('up'), {
      name: 'QuantizationError',
      message: /^Expected one of f32-multiply-round-half-even, .* for the profile of rounding but/,
    });
  });
});
