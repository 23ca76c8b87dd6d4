import assert from 'node:assert/strict';
import { NO_AUGMENTATION, prepareImage } from '../../../datasets/augment/augment.ts';
import { flipCrop } from '../../../datasets/augment/flip_crop.ts';
import { ImageRandom } from '../../../datasets/augment/image_random.ts';
import { distortForTraining, INCEPTION } from '../../../datasets/augment/inception.ts';
import type { PixelImage } from '../../../datasets/images/pixel_image.ts';
import { preprocessInto } from '../../../datasets/images/preprocess.ts';

const IMAGE: PixelImage = {
  data: Uint8Array.from({ length: 20 * 24 * 3 }, (_, i) => (i * i * 37) >> 4),
  height: 20,
  width: 24,
  channels: 3,
};
const RESOLUTION = 9;
const SEED = 4;
const PLACE = 11;
const OFFSET = 5;

type How = Parameters<typeof prepareImage>[1];

function prepared(how: Pick<How, 'augmentation' | 'centralFraction'>): Float32Array {
  const out = new Float32Array(RESOLUTION * RESOLUTION * 3 + OFFSET);
  prepareImage(IMAGE, { ...how, resolution: RESOLUTION, seed: SEED, place: PLACE }, out, OFFSET);
  assert.ok(out.subarray(0, OFFSET).every((value) => value === 0));
  return out.slice(OFFSET);
}

describe('prepareImage', () => {
  for (const centralFraction of [0.875, 1]) {
    it(`without augmentation is the preprocessing alone (${centralFraction} of each side)`, () => {
      const expected = new Float32Array(RESOLUTION * RESOLUTION * 3);
      preprocessInto(IMAGE, { resolution: RESOLUTION, centralFraction }, expected);
      assert.deepEqual(prepared({ augmentation: NO_AUGMENTATION, centralFraction }), expected);
    });

    it(`shifts and mirrors the stored image before its preprocessing (${centralFraction} of each side)`, () => {
      const augmentation = { kind: 'flip-crop', padding: 3 } as const;
      const varied = flipCrop(IMAGE, augmentation, new ImageRandom(SEED, PLACE));
      const expected = new Float32Array(RESOLUTION * RESOLUTION * 3);
      preprocessInto(varied, { resolution: RESOLUTION, centralFraction }, expected);
      assert.deepEqual(prepared({ augmentation, centralFraction }), expected);
    });
  }

  it("has slim's training preprocessing in place of the evaluation's", () => {
    const expected = new Float32Array(RESOLUTION * RESOLUTION * 3);
    const random = new ImageRandom(SEED, PLACE);
    distortForTraining(IMAGE, INCEPTION, RESOLUTION, random, expected);
    for (const centralFraction of [0.875, 1]) {
      assert.deepEqual(prepared({ augmentation: INCEPTION, centralFraction }), expected);
    }
  });
});
