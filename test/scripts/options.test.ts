import assert from 'node:assert/strict';
import { positiveNumbers, wholeNumbers } from '../../scripts/options.ts';

describe('checks of options', () => {
  const check = wholeNumbers({ limit: 1, seed: 0 });

  it('wholeNumbers accepts whole numbers from the least on, and options that are left out', () => {
    assert.equal(check({ limit: 1, seed: 0 }), true);
    assert.equal(check({ limit: 50000, other: 'x' }), true);
    assert.equal(check({}), true);
  });

  for (const value of [0, -1, 1.5, Number.NaN, Infinity, 2 ** 53, '7', [1, 2]]) {
    it(`wholeNumbers refuses ${value} (${typeof value}) for a limit from 1`, () => {
      assert.throws(() => check({ limit: value }), {
        message: `Expected a whole number of at least 1 for --limit but received ${value}`,
      });
    });
  }

  const positive = positiveNumbers(['learning-rate']);

  it('positiveNumbers accepts numbers greater than 0, and options that are left out', () => {
    assert.equal(positive({ 'learning-rate': 1e-6 }), true);
    assert.equal(positive({}), true);
  });

  for (const value of [0, -0.1, Number.NaN, Infinity]) {
    it(`positiveNumbers refuses ${value}`, () => {
      assert.throws(() => positive({ 'learning-rate': value }), {
        message: `Expected a number greater than 0 for --learning-rate but received ${value}`,
      });
    });
  }
});
