import assert from 'node:assert/strict';
import { preprocessingOf } from '../../../workflows/open/preprocessing.ts';

function near(received: number, expected: number): void {
  assert.ok(Math.abs(received - expected) < 1e-9, `${received} is not ${expected}`);
}

describe('preprocessingOf', () => {
  const ranges: readonly (readonly [string, object])[] = [
    ['symmetric', { min: -1, max: 1 }],
    ['unit', { min: 0, max: 1 }],
    ['bytes', { min: 0, max: 255 }],
    ['range=-2,3', { min: -2, max: 3 }],
    ['affine=2,-10', { min: -10, max: 500 }],
    ['mean=0.5 deviation=0.5', { min: -1, max: 1 }],
    ['bytes mean=127 deviation=128', { min: -127 / 128, max: 1 }],
    ['unit bgr', { min: 0, max: 1, order: 'bgr' }],
    ['bgr', { min: -1, max: 1, order: 'bgr' }],
  ];
  for (const [words, range] of ranges) {
    it(`takes "${words}"`, () => assert.deepEqual(preprocessingOf(words).range, range));
  }

  it('takes mean and deviation of each channel', () => {
    const { min, max, channels, order } = preprocessingOf('torch').range!;
    assert.equal(order, undefined);
    near(channels![0].min, -0.485 / 0.229);
    near(channels![2].max, (1 - 0.406) / 0.225);
    near(min, -0.485 / 0.229);
    near(max, (1 - 0.406) / 0.225);
  });

  it('takes what Caffe does: blue first, the means away', () => {
    const { channels, order } = preprocessingOf('caffe').range!;
    assert.equal(order, 'bgr');
    assert.deepEqual(
      channels!.map(({ min }) => min),
      [-103.939, -116.779, -123.68],
    );
  });

  it('takes what is kept of an image and how it is resized, and no range then', () => {
    const { range, centralFraction, resample } = preprocessingOf('centre=0.875 bicubic');
    assert.equal(range, undefined);
    assert.deepEqual(
      { centralFraction, resample },
      { centralFraction: 0.875, resample: 'bicubic' },
    );
  });

  for (const words of [
    '',
    'sideways',
    'range=1',
    'range=3,1',
    'mean=1,2',
    'deviation=0',
    'centre=2',
    'bgr=1',
    'mean=a',
    'toString',
    'affine=-1,0',
  ]) {
    it(`says of "${words}" which words there are`, () => {
      assert.throws(
        () => preprocessingOf(words),
        (error: Error & { remedy?: string }) => {
          assert.match(error.message, /^Expected words of a preprocessing but received "/);
          assert.match(error.remedy!, /symmetric, unit, bytes, torch/);
          return true;
        },
      );
    });
  }
});
