import assert from 'node:assert/strict';
import type * as tfTypes from '@tensorflow/tfjs';
import fc from 'fast-check';
import type { PixelImage, Region } from '../../../datasets/images/pixel_image.ts';
import {
  centralFractionOf,
  centralRegion,
  preprocess,
  preprocessInto,
} from '../../../datasets/images/preprocess.ts';
import { UserError } from '../../../foundation/errors.ts';

const WHOLE = { centralFraction: 1 };

/** Pixels without structure, the same on every run. */
function image(height: number, width: number, channels: 1 | 3): PixelImage {
  const data = Uint8Array.from({ length: height * width * channels }, (_, i) => (i * i * 37) >> 4);
  return { data, height, width, channels };
}

/** The same steps by TensorFlow's kernels: to [0, 1], slice, ResizeBilinear, (x − 0.5) · 2. */
function byTensorFlow(
  tf: typeof tfTypes,
  { data, height, width, channels }: PixelImage,
  region: Region,
  resolution: number,
): Float32Array {
  return tf.tidy(() => {
    const pixels = tf.tensor3d(Float32Array.from(data), [height, width, channels]);
    const cropped = tf
      .mul(pixels, tf.scalar(Math.fround(1 / 255)))
      .slice(
        [region.top, region.left, 0],
        [region.height, region.width, channels],
      ) as tfTypes.Tensor3D;
    const size: [number, number] = [resolution, resolution];
    const resized = tf.image.resizeBilinear(cropped, size, false, false);
    const rgb = tf.tile(resized, [1, 1, 3 / channels]);
    return tf.mul(tf.sub(rgb, 0.5), 2).dataSync() as Float32Array;
  });
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  assert.equal(a.length, b.length);
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i])), 0);
}

describe('preprocess', () => {
  let tf: typeof tfTypes;

  before(async () => {
    tf = await import('@tensorflow/tfjs-node');
  });

  it('centralRegion starts at trunc((side − 0.875 · side) / 2), as tf.image.central_crop', () => {
    assert.deepEqual(centralRegion(375, 500, 0.875), {
      top: 23,
      left: 31,
      height: 329,
      width: 438,
    });
    assert.deepEqual(centralRegion(1, 8, 0.875), { top: 0, left: 0, height: 1, width: 8 });
    assert.deepEqual(centralRegion(16, 17, 0.875), { top: 1, left: 1, height: 14, width: 15 });
  });

  it('centralRegion lies within the image and is never empty', () => {
    const side = fc.integer({ min: 1, max: 20_000 });
    fc.assert(
      fc.property(side, side, (height, width) => {
        const region = centralRegion(height, width, 0.875);
        assert.ok(region.height >= 1 && region.width >= 1);
        assert.equal(region.height + 2 * region.top, height);
        assert.equal(region.width + 2 * region.left, width);
      }),
    );
  });

  for (const [height, width, channels, resolution] of [
    [375, 500, 3, 224],
    [500, 333, 3, 224],
    [97, 131, 1, 160],
    [640, 427, 3, 128],
    [1, 1, 3, 224],
    [2, 300, 3, 33],
    [28, 28, 1, 96],
  ] as const) {
    it(`slim's evaluation of ${height} × ${width} × ${channels} at ${resolution} equals TensorFlow's kernels`, () => {
      const source = image(height, width, channels);
      const out = new Float32Array(resolution * resolution * 3);
      preprocessInto(source, { resolution, centralFraction: 0.875 }, out);
      const region = centralRegion(height, width, 0.875);
      assert.ok(largestDifference(out, byTensorFlow(tf, source, region, resolution)) <= 1e-5);
    });
  }

  it("a central fraction of 1 equals TensorFlow's kernels on whole images of any size", () => {
    const side = fc.integer({ min: 1, max: 40 });
    const channels = fc.constantFrom(1 as const, 3 as const);
    fc.assert(
      fc.property(side, side, channels, side, (height, width, c, resolution) => {
        const source = image(height, width, c);
        const out = new Float32Array(resolution * resolution * 3);
        preprocessInto(source, { resolution, centralFraction: 1 }, out);
        const region = { top: 0, left: 0, height, width };
        assert.ok(largestDifference(out, byTensorFlow(tf, source, region, resolution)) <= 1e-5);
      }),
    );
  });

  it('black is −1 and white is 1, exactly', () => {
    const data = Uint8Array.of(0, 0, 0, 255, 255, 255);
    const out = new Float32Array(2 * 2 * 3);
    preprocessInto({ data, height: 2, width: 1, channels: 3 }, { resolution: 2, ...WHOLE }, out);
    assert.deepEqual([...out], [-1, -1, -1, -1, -1, -1, 1, 1, 1, 1, 1, 1]);
  });

  for (const channels of [1, 3] as const) {
    it(`without a change of size is (x / 255 − 0.5) · 2 in single precision, exactly (${channels} channels)`, () => {
      const { fround } = Math;
      const data = Uint8Array.from({ length: 16 * 16 * channels }, (_, i) => i);
      const out = new Float32Array(16 * 16 * 3);
      preprocessInto({ data, height: 16, width: 16, channels }, { resolution: 16, ...WHOLE }, out);
      const expected = out.map((_, i) => {
        const value = data[channels === 3 ? i : Math.trunc(i / 3)];
        return fround(fround(value * fround(1 / 255)) - 0.5) * 2;
      });
      assert.deepEqual(out, expected);
    });
  }

  it('a crop of the wanted size is copied from its place', () => {
    const source = image(16, 17, 3); // Its central crop is 14 × 15.
    const out = new Float32Array(15 * 15 * 3);
    const square = { ...source, width: 16, data: source.data.subarray(0, 16 * 16 * 3) };
    preprocessInto(square, { resolution: 14, centralFraction: 0.875 }, out);
    const first = square.data[(1 * 16 + 1) * 3];
    assert.ok(Math.abs(out[0] - (first / 127.5 - 1)) < 1e-6);
    const last = square.data[(14 * 16 + 14) * 3 + 2];
    assert.ok(Math.abs(out[14 * 14 * 3 - 1] - (last / 127.5 - 1)) < 1e-6);
  });

  it('writes at the offset and nowhere else', () => {
    const out = new Float32Array(3 * 12).fill(7);
    preprocessInto(image(5, 4, 3), { resolution: 2, ...WHOLE }, out, 12);
    assert.ok(out.subarray(0, 12).every((value) => value === 7));
    assert.ok(out.subarray(12, 24).every((value) => value >= -1 && value <= 1));
    assert.ok(out.subarray(24).every((value) => value === 7));
  });

  it('networks of small images see the whole image, all others slim’s central crop', () => {
    const fractions = ['imagenet', 'cifar10', 'fashion-mnist', 'unheard of'].map(centralFractionOf);
    assert.deepEqual(fractions, [0.875, 1, 1, 0.875]);
  });

  it('gives in a new array what it writes into another', () => {
    const source = image(20, 31, 3);
    const preparation = { resolution: 9, centralFraction: 0.6 };
    const expected = new Float32Array(9 * 9 * 3);
    preprocessInto(source, preparation, expected);
    assert.deepEqual(preprocess(source, preparation), expected);
  });

  it('refuses bytes that are no such image, and numbers out of range', () => {
    const refuses = (changed: Partial<PixelImage>, message: RegExp, options = {}) =>
      assert.throws(
        () =>
          preprocess(
            { ...image(4, 5, 3), ...changed },
            { resolution: 2, centralFraction: 1, ...options },
          ),
        (error) => error instanceof UserError && message.test(error.message),
      );
    refuses({ data: new Uint8Array(80) }, /^Expected .* but received 80 for \[4, 5, 3\]\.$/);
    refuses({ channels: 4 as 3, data: new Uint8Array(80) }, /received 80 for \[4, 5, 4\]\.$/);
    refuses({ height: 0, data: new Uint8Array(0) }, /received 0 for \[0, 5, 3\]\.$/);
    refuses({ height: 2.5, width: 8 }, /received 60 for \[2\.5, 8, 3\]\.$/);
    refuses({}, /integer ≥ 1 for resolution but received 0\.$/, { resolution: 0 });
    for (const centralFraction of [0, 1.1, Number.NaN]) {
      refuses({}, /in \(0, 1\] for centralFraction but received/, { centralFraction });
    }
  });
});
