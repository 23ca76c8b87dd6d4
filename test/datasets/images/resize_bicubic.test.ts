import assert from 'node:assert/strict';
import { preprocess } from '../../../datasets/images/preprocess.ts';
import { resizeBicubicToSymmetricRange } from '../../../datasets/images/resize_bicubic.ts';

/** Grey pixels of a row. */
function row(...pixels: readonly number[]) {
  return { data: Uint8Array.from(pixels), height: 1, width: pixels.length, channels: 1 } as const;
}

describe('resizeBicubicToSymmetricRange', () => {
  const resized = (image: ReturnType<typeof row>, width: number) => {
    const out = new Float32Array(3 * width);
    const region = { top: 0, left: 0, height: 1, width: image.width };
    resizeBicubicToSymmetricRange(image, region, 1, width, out);
    return [...out].filter((_, index) => index % 3 === 0);
  };

  it('keeps the pixels where the size is kept', () => {
    const values = resized(row(0, 51, 255), 3);
    assert.deepEqual(
      values.map((value) => Math.round((value + 1) * 127.5)),
      [0, 51, 255],
    );
  });

  it('weighs four pixels around a place by Keys’ kernel of −0.75, the outer ones repeated', () => {
    // Half-way: −0.09375, 0.59375, 0.59375, −0.09375.
    const [, between, , last] = resized(row(100, 200), 4).map((value) => (value + 1) * 127.5);
    const weigh = (a: number, b: number, c: number, d: number) =>
      -0.09375 * a + 0.59375 * b + 0.59375 * c - 0.09375 * d;
    assert.ok(Math.abs(between - weigh(100, 100, 200, 200)) < 1e-4);
    assert.ok(Math.abs(last - weigh(100, 200, 200, 200)) < 1e-4);
  });

  it('is what preprocess does where it is asked for, to any two sides', () => {
    const image = row(0, 255, 0);
    const how = { resolution: 2, width: 5, centralFraction: 1 } as const;
    const bicubic = preprocess(image, { ...how, resample: 'bicubic' });
    const bilinear = preprocess(image, how);
    assert.deepEqual([bicubic.length, bilinear.length], [30, 30]);
    assert.notDeepEqual(bicubic, bilinear);
  });
});
