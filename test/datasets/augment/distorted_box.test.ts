import assert from 'node:assert/strict';
import fc from 'fast-check';
import { distortedBox } from '../../../datasets/augment/distorted_box.ts';
import { ImageRandom } from '../../../datasets/augment/image_random.ts';
import { INCEPTION } from '../../../datasets/augment/inception.ts';

const { crop: RANGES } = INCEPTION;

function boxes(height: number, width: number, count: number) {
  return Array.from({ length: count }, (_, place) =>
    distortedBox(height, width, RANGES, new ImageRandom(1, place)),
  );
}

describe('distortedBox', () => {
  it('lies within the image, whatever its size', () => {
    const side = fc.integer({ min: 1, max: 700 });
    fc.assert(
      fc.property(side, side, fc.nat(), (height, width, place) => {
        const box = distortedBox(height, width, RANGES, new ImageRandom(0, place));
        assert.ok(box.height >= 1 && box.width >= 1);
        assert.ok(box.top >= 0 && box.top + box.height <= height);
        assert.ok(box.left >= 0 && box.left + box.width <= width);
      }),
    );
  });

  it('covers a tenth of the image or more, in an aspect ratio of 0.75 to 1.33, except for rounding', () => {
    for (const { height, width } of boxes(375, 500, 1000)) {
      assert.ok(height * width >= 0.1 * 375 * 500);
      assert.ok(width >= Math.floor(0.75 * height) && width <= Math.ceil(1.33 * height));
    }
  });

  it('takes heights from the smallest to the largest alike, and places all over the image', () => {
    const found = boxes(400, 400, 4000);
    const heights = found.map(({ height }) => height);
    // Aspect ratio 1: heights from sqrt(0.1 · 400²) = 126, for 0.05 is refused, to 400.
    assert.ok(Math.min(...heights) < 130 && Math.max(...heights) > 385);
    const mean = heights.reduce((sum, height) => sum + height) / heights.length;
    assert.ok(Math.abs(mean - 255) < 10, `${mean}`);
    const lefts = found.map(({ left, width }) => left / (400 - width || 1));
    for (const quarter of [0, 0.25, 0.5, 0.75]) {
      const share = lefts.filter((left) => left >= quarter && left < quarter + 0.25).length / 4000;
      assert.ok(share > 0.2 && share < 0.3, `${share}`);
    }
  });

  it('is the whole image where no crop fits the ranges', () => {
    const strip = distortedBox(1, 300, RANGES, new ImageRandom(0, 0));
    assert.deepEqual(strip, { top: 0, left: 0, height: 1, width: 300 });
  });
});
