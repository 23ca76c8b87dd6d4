import assert from 'node:assert/strict';
import { largestDifference } from '../../bench/training/agreement.ts';

describe('largestDifference', () => {
  it('is the largest spread of a step, relative to its loss', () => {
    const losses = new Map([
      ['keras', [2, 4]],
      ['eager', [2, 4.5]],
      ['compiled', [2.5, 4]],
    ]);
    assert.equal(largestDifference(losses, 1), 0.25);
  });

  it('refuses losses further apart than the tolerance, naming the step and each loss', () => {
    const losses = new Map([
      ['keras', [2, 4]],
      ['compiled', [2, 4.5]],
    ]);
    assert.throws(() => largestDifference(losses, 0.1), {
      name: 'UserError',
      message:
        'Expected losses that agree to 0.1 before anything is timed but step 2 gave keras 4, compiled 4.5',
    });
  });

  it('refuses a loss that is no number', () => {
    const losses = new Map([
      ['keras', [Number.NaN]],
      ['compiled', [2]],
    ]);
    assert.throws(() => largestDifference(losses, 0.1), /step 1 gave keras NaN, compiled 2/);
  });
});
