import assert from 'node:assert/strict';
import fc from 'fast-check';
import { clamp, roundHalfEven } from '../../../quantize/params/rounding.ts';
import { fractionOf, nearestEven } from './exact.ts';

describe('roundHalfEven', () => {
  it('sends ties to the even neighbour on both sides of zero', () => {
    const ties = [-3.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5];
    assert.deepEqual(ties.map(roundHalfEven), [-4, -2, -2, 0, 0, 2, 2, 4]);
  });

  it('rounds the neighbours of a tie to the nearest integer', () => {
    assert.equal(roundHalfEven(0.49999999999999994), 0);
    assert.equal(roundHalfEven(0.5000000000000001), 1);
    assert.equal(roundHalfEven(2.4999999999999996), 2);
    assert.equal(roundHalfEven(-2.5000000000000004), -3);
  });

  it('keeps integers of every size, NaN and infinities', () => {
    const kept = [1, -7, 2 ** 51 + 1, 2 ** 52 + 1, 2 ** 53 - 1, -(2 ** 80), Infinity, -Infinity];
    assert.deepEqual(kept.map(roundHalfEven), kept);
    assert.ok(Number.isNaN(roundHalfEven(NaN)));
  });

  it('gives +0 for everything that rounds to zero', () => {
    for (const x of [0, -0, -0.25, -0.5, 5e-324, -5e-324]) {
      assert.ok(Object.is(roundHalfEven(x), 0), `${x}`);
    }
  });

  it('equals rounding by exact rationals for every finite double', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (x) => {
        assert.equal(BigInt(roundHalfEven(x)), nearestEven(fractionOf(x)));
      }),
      { numRuns: 2000 },
    );
  });

  it('equals rounding by exact rationals for halves and their neighbours', () => {
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom(-1, 0, 1), (n, step) => {
        const x = (n + 0.5) * (1 + step * Number.EPSILON);
        assert.equal(BigInt(roundHalfEven(x)), nearestEven(fractionOf(x)));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('clamp', () => {
  it('keeps values within the bounds and moves the others to the nearest bound', () => {
    assert.deepEqual(
      [-1, 0, 3, 5, 6, Infinity, -Infinity].map((x) => clamp(x, 0, 5)),
      [0, 0, 3, 5, 5, 5, 0],
    );
  });
});
