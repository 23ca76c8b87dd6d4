import assert from 'node:assert/strict';
import { formatLoss } from '../../../foundation/reporting/amounts.ts';

describe('formatLoss', () => {
  it('gives three digits, and no sign to what rounds to 0', () => {
    assert.deepEqual([0.71251, -0.0001, -0, -0.0006].map(formatLoss), [
      '0.713',
      '0.000',
      '0.000',
      '-0.001',
    ]);
  });
});
