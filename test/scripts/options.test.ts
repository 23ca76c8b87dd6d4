import assert from 'node:assert/strict';
import { INPUT_RANGE, positiveNumbers, SEED_RANGE, wholeNumbers } from '../../scripts/options.ts';

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
        message: `Expected a whole number of at least 1 for --limit but received ${Number.isNaN(value) ? 'no number' : value}`,
      });
    });
  }

  it('wholeNumbers takes a range and refuses what lies outside', () => {
    const seeds = wholeNumbers({ seed: SEED_RANGE });
    for (const seed of [0, 2 ** 32 - 1]) assert.equal(seeds({ seed }), true);
    for (const seed of [-1, 2 ** 32, 0.5]) {
      assert.throws(() => seeds({ seed }), {
        message: `Expected a whole number from 0 to 4294967295 for --seed but received ${seed}`,
      });
    }
  });

  const positive = positiveNumbers(['learning-rate']);

  it('positiveNumbers accepts numbers greater than 0, and options that are left out', () => {
    assert.equal(positive({ 'learning-rate': 1e-6 }), true);
    assert.equal(positive({}), true);
  });

  for (const value of [0, -0.1, Number.NaN, Infinity]) {
    it(`positiveNumbers refuses ${value}`, () => {
      assert.throws(() => positive({ 'learning-rate': value }), {
        message: `Expected a number greater than 0 for --learning-rate but received ${Number.isNaN(value) ? 'no number' : value}`,
      });
    });
  }

  it('positiveNumbers refuses a width that no network has', () => {
    assert.equal(positiveNumbers(['width-multiplier'])({ 'width-multiplier': 8 }), true);
    assert.throws(() => positiveNumbers(['width-multiplier'])({ 'width-multiplier': 1e308 }), {
      message: 'Expected a number of at most 100 for --width-multiplier but received 1e+308',
    });
  });

  it('INPUT_RANGE takes two numbers, the lower first', () => {
    assert.deepEqual(INPUT_RANGE.coerce('-1,1'), { min: -1, max: 1 });
    assert.deepEqual(INPUT_RANGE.coerce('0, 255'), { min: 0, max: 255 });
    assert.equal(INPUT_RANGE.coerce(undefined), undefined);
    for (const text of ['', '1', '1,0', '0,1,2', '0,', 'a,b', '1,1']) {
      assert.throws(() => INPUT_RANGE.coerce(text), {
        message: `Expected two numbers LOW,HIGH for --input-range but received ${text}`,
      });
    }
  });
});
