import assert from 'node:assert/strict';
import { ImageRandom } from '../../../datasets/augment/image_random.ts';
import {
  distortForTraining,
  INCEPTION,
  type Inception,
} from '../../../datasets/augment/inception.ts';
import { RESIZE_METHODS, resizeBy } from '../../../datasets/augment/resize_methods.ts';
import type { PixelImage } from '../../../datasets/images/pixel_image.ts';
import { largestDifference } from './tensorflow_op.ts';

const SIDE = 12;

/** Values in [64, 192): no resize method leaves [0, 255], beyond which saturation would be clamped. */
function image(channels: 1 | 3): PixelImage {
  const data = Uint8Array.from(
    { length: 30 * 40 * channels },
    (_, i) => 64 + (((i * i * 37) >> 4) & 127),
  );
  return { data, height: 30, width: 40, channels };
}

function distorted(source: PixelImage, inception: Inception, place: number): Float32Array {
  const out = new Float32Array(SIDE * SIDE * 3 + 1).fill(7);
  distortForTraining(source, inception, SIDE, new ImageRandom(5, place), out, 1);
  assert.equal(out[0], 7);
  return out.slice(1);
}

/** Takes the whole image and leaves the colours as they are: resizing and mirroring remain. */
const PLAIN: Inception = {
  ...INCEPTION,
  crop: { area: [1, 1], aspectRatio: [4 / 3, 4 / 3], minObjectCovered: 1 },
  brightness: 0,
  saturation: [1, 1],
  hue: 0,
  contrast: [1, 1],
};

/** The whole image by each of the methods, as it is and mirrored, in [−1, 1]. */
function wholes(
  source: PixelImage,
  methods: readonly (typeof RESIZE_METHODS)[number][],
): Float32Array[] {
  const region = { top: 0, left: 0, height: source.height, width: source.width };
  return methods.flatMap((method) => {
    const pixels = new Float32Array(SIDE * SIDE * 3);
    resizeBy(method, source, region, SIDE, pixels);
    const values = pixels.map((value) => 2 * Math.min(Math.max(value, 0), 1) - 1);
    const mirrored = values.map((_, i) => {
      const x = Math.trunc(i / 3) % SIDE;
      return values[i + 3 * (SIDE - 1 - 2 * x)];
    });
    return [values, mirrored];
  });
}

/** Which of `known` each of 200 images is, −1 for none. */
function recognized(known: readonly Float32Array[], source: PixelImage, how: Inception): number[] {
  return Array.from({ length: 200 }, (_, place) => {
    const pixels = distorted(source, how, place);
    return known.findIndex((whole) => largestDifference(pixels, whole) < 1e-5);
  });
}

describe('distortForTraining', () => {
  for (const fastMode of [true, false]) {
    it(`stays in [−1, 1] and varies from place to place (fastMode ${fastMode})`, () => {
      const source = image(3);
      const all = Array.from({ length: 40 }, (_, place) =>
        distorted(source, { ...INCEPTION, fastMode }, place),
      );
      for (const pixels of all) assert.ok(pixels.every((value) => value >= -1 && value <= 1));
      assert.equal(new Set(all.map((pixels) => pixels.join())).size, all.length);
      assert.deepEqual(distorted(source, { ...INCEPTION, fastMode }, 3), all[3]);
    });

    it(`keeps grey images grey, from one channel as from three (fastMode ${fastMode})`, () => {
      const grey = image(1);
      const data = Uint8Array.from(Array.from(grey.data).flatMap((v) => [v, v, v]));
      for (let place = 0; place < 8; place++) {
        const pixels = distorted(grey, { ...INCEPTION, fastMode }, place);
        assert.deepEqual(
          pixels,
          distorted({ ...grey, data, channels: 3 }, { ...INCEPTION, fastMode }, place),
        );
        for (let i = 0; i < pixels.length; i += 3) {
          assert.ok(Math.abs(pixels[i] - pixels[i + 1]) < 1e-6);
          assert.ok(Math.abs(pixels[i] - pixels[i + 2]) < 1e-6);
        }
      }
    });
  }

  it('resizes bilinearly and mirrors about half of the images in fast mode', () => {
    const source = image(3);
    const found = recognized(wholes(source, ['bilinear']), source, PLAIN);
    assert.deepEqual(new Set(found), new Set([0, 1]));
    const share = found.filter((index) => index === 1).length / found.length;
    assert.ok(share > 0.35 && share < 0.65, `${share}`);
  });

  it('draws each of the four resize methods otherwise', () => {
    const source = image(3);
    const known = wholes(source, RESIZE_METHODS);
    const found = recognized(known, source, { ...PLAIN, fastMode: false });
    assert.deepEqual(new Set(found), new Set(known.keys()));
  });

  it('changes brightness and saturation only, in fast mode', () => {
    const grey = { height: 2, width: 2, channels: 3, data: new Uint8Array(12).fill(102) } as const;
    const changes = Array.from({ length: 300 }, (_, place) => {
      const pixels = distorted(grey, INCEPTION, place);
      return (pixels[0] + 1) / 2 - 102 / 255; // Saturation does nothing to grey.
    });
    const limit = 32 / 255 + 1e-6;
    assert.ok(changes.every((change) => Math.abs(change) <= limit));
    assert.ok(Math.min(...changes) < -0.11 && Math.max(...changes) > 0.11);
  });
});
