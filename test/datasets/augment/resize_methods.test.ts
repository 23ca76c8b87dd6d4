import assert from 'node:assert/strict';
import type * as tfTypes from '@tensorflow/tfjs';
import { RESIZE_METHODS, resizeBy } from '../../../datasets/augment/resize_methods.ts';
import type { PixelImage } from '../../../datasets/images/pixel_image.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { imageOp, largestDifference } from './tensorflow_op.ts';

const OPS = {
  bilinear: 'ResizeBilinear',
  nearest: 'ResizeNearestNeighbor',
  bicubic: 'ResizeBicubic',
  area: 'ResizeArea',
} as const;

/** Pixels without structure, the same on every run. */
function image(height: number, width: number, channels: 1 | 3): PixelImage {
  const data = Uint8Array.from({ length: height * width * channels }, (_, i) => (i * i * 37) >> 4);
  return { data, height, width, channels };
}

describe('resizeBy', () => {
  let tf: typeof tfTypes;

  before(async function () {
    await needsTensorFlow.call(this);
    tf = await import('@tensorflow/tfjs-node');
  });

  for (const method of RESIZE_METHODS) {
    for (const [height, width, channels, region, side] of [
      [37, 50, 3, { top: 0, left: 0, height: 37, width: 50 }, 22],
      [37, 50, 3, { top: 5, left: 9, height: 20, width: 31 }, 24],
      [20, 20, 3, { top: 2, left: 1, height: 7, width: 5 }, 32],
      [28, 28, 1, { top: 3, left: 0, height: 25, width: 28 }, 28],
      [5, 4, 3, { top: 4, left: 3, height: 1, width: 1 }, 6],
    ] as const) {
      it(`${method} of ${region.height} × ${region.width} × ${channels} at ${side} equals TensorFlow's ${OPS[method]}`, () => {
        const source = image(height, width, channels);
        const out = new Float32Array(side * side * 3 + 1).fill(7);
        resizeBy(method, source, region, side, out, 1);
        const expected = tf.tidy(() => {
          const pixels = tf.tensor4d(Float32Array.from(source.data), [1, height, width, channels]);
          const cropped = tf.tile(
            pixels
              .div(255)
              .slice([0, region.top, region.left, 0], [1, region.height, region.width, channels]),
            [1, 1, 1, 3 / channels],
          );
          return imageOp(tf, OPS[method], [cropped, tf.tensor1d([side, side], 'int32')], {
            align_corners: false,
            ...(method !== 'area' && { half_pixel_centers: false }),
          });
        });
        assert.equal(out[0], 7);
        assert.ok(largestDifference(out.subarray(1), expected) <= 2e-5);
      });
    }
  }
});
