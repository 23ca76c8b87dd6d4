import assert from 'node:assert/strict';
import { FLIP_CROP, flipCrop } from '../../../datasets/augment/flip_crop.ts';
import { ImageRandom } from '../../../datasets/augment/image_random.ts';
import type { PixelImage } from '../../../datasets/images/pixel_image.ts';

const HEIGHT = 5;
const WIDTH = 4;

/** Every value is different, and none is 0. */
function image(channels: 1 | 3): PixelImage {
  const data = Uint8Array.from({ length: HEIGHT * WIDTH * channels }, (_, i) => i + 1);
  return { data, height: HEIGHT, width: WIDTH, channels };
}

/** By the definition: the pixel of the padded, then cropped, then mirrored image. */
function expected(source: PixelImage, top: number, left: number, mirrored: boolean): number[] {
  const values: number[] = [];
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const row = y + top;
      const column = (mirrored ? WIDTH - 1 - x : x) + left;
      const inside = row >= 0 && row < HEIGHT && column >= 0 && column < WIDTH;
      for (let c = 0; c < source.channels; c++) {
        values.push(inside ? source.data[(row * WIDTH + column) * source.channels + c] : 0);
      }
    }
  }
  return values;
}

describe('flipCrop', () => {
  for (const channels of [1, 3] as const) {
    it(`draws every shift of up to the padding, mirrored or not, and pads with black (${channels} channels)`, () => {
      const source = image(channels);
      const padding = 2;
      const all = new Map<string, number>();
      for (let top = -padding; top <= padding; top++) {
        for (let left = -padding; left <= padding; left++) {
          for (const mirrored of [false, true]) {
            all.set(expected(source, top, left, mirrored).join(), 0);
          }
        }
      }
      assert.equal(all.size, 50);
      for (let place = 0; place < 2000; place++) {
        const varied = flipCrop(source, { kind: 'flip-crop', padding }, new ImageRandom(1, place));
        const key = varied.data.join();
        assert.ok(all.has(key));
        all.set(key, all.get(key)! + 1);
      }
      // 40 each on average.
      assert.ok([...all.values()].every((count) => count > 10 && count < 80));
    });
  }

  it('leaves the image itself alone', () => {
    const source = image(3);
    const before = source.data.slice();
    for (let place = 0; place < 8; place++) flipCrop(source, FLIP_CROP, new ImageRandom(0, place));
    assert.deepEqual(source.data, before);
  });

  it('only mirrors without padding', () => {
    const source = image(1);
    const seen = new Set(
      Array.from({ length: 32 }, (_, place) =>
        flipCrop(source, { kind: 'flip-crop', padding: 0 }, new ImageRandom(0, place)).data.join(),
      ),
    );
    const both = [false, true].map((mirrored) => expected(source, 0, 0, mirrored).join());
    assert.deepEqual(seen, new Set(both));
  });
});
