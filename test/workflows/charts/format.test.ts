import assert from 'node:assert/strict';
import { percent, short, tenth } from '../../../workflows/charts/format.ts';

describe('the figures of the pages', () => {
  it('have three significant digits, or a tenth, and a minus sign', () => {
    assert.deepEqual([30.6505, -0.0982, 1234.5, 27].map(short), ['30.7', '−0.0982', '1230', '27']);
    assert.deepEqual([-0.46, 91.25, -0.04].map(tenth), ['−0.5', '91.3', '0.0']);
  });

  it('show small shares with two significant digits', () => {
    assert.deepEqual([0.2845, 0.000316, 0].map(percent), ['28.4', '0.032', '0.0']);
  });
});
