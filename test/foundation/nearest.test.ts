import assert from 'node:assert/strict';
import { nearest } from '../../foundation/nearest.ts';

describe('nearest', () => {
  const options = ['calibration-data', 'calibration-images', 'data', 'dataset'];

  for (const [word, meant] of [
    ['calibraton-data', 'calibration-data'],
    ['callibration-image', 'calibration-images'],
    ['dtaa', 'data'],
    ['DATA', 'data'],
    ['datset', 'dataset'],
    ['output', undefined],
    ['x', undefined],
  ] as const) {
    it(`"${word}" is meant to be ${meant ?? 'none of them'}`, () => {
      assert.equal(nearest(word, options), meant);
    });
  }

  it('takes the first of equally near ones', () => {
    assert.equal(nearest('ab', ['abc', 'abd']), 'abc');
  });
});
