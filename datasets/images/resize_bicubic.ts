import type { PixelImage, Region } from './pixel_image.ts';

/** Of Keys' kernel, as TensorFlow 1 has it without half-pixel centres. */
const A = -0.75;

/** What each output coordinate reads: four input coordinates and their weights. */
interface Taps {
  readonly at: Int32Array;
  readonly weight: Float64Array;
}

/**
 * As `resizeToSymmetricRange`, with TensorFlow 1's `tf.image.resize_bicubic(align_corners = False)`
 * (tensorflow/core/kernels/image/resize_bicubic_op.cc, LegacyScaler), its weights computed instead of looked
 * up in a table of 1024: output i reads four inputs around i · in / out, the outer ones repeated at the edges.
 * Values may leave [−1, 1] beside edges of the image, as there.
 */
export function resizeBicubicToSymmetricRange(
  { data, width, channels }: PixelImage,
  region: Region,
  outHeight: number,
  outWidth: number,
  out: Float32Array,
  offset = 0,
): void {
  const rows = taps(region.height, outHeight);
  const columns = taps(region.width, outWidth);
  for (let y = 0; y < outHeight; y++) {
    for (let x = 0; x < outWidth; x++) {
      for (let c = 0; c < 3; c++) {
        const channel = channels === 1 ? 0 : c;
        let sum = 0;
        for (let i = 0; i < 4; i++) {
          const row = (region.top + rows.at[4 * y + i]) * width + region.left;
          let along = 0;
          for (let j = 0; j < 4; j++) {
            const pixel = (row + columns.at[4 * x + j]) * channels + channel;
            along += columns.weight[4 * x + j] * data[pixel];
          }
          sum += rows.weight[4 * y + i] * along;
        }
        out[offset + (y * outWidth + x) * 3 + c] = sum / 127.5 - 1;
      }
    }
  }
}

function taps(inLength: number, outLength: number): Taps {
  const at = new Int32Array(4 * outLength);
  const weight = new Float64Array(4 * outLength);
  for (let index = 0; index < outLength; index++) {
    const position = (index * inLength) / outLength;
    const first = Math.floor(position);
    for (let tap = 0; tap < 4; tap++) {
      const place = first + tap - 1;
      at[4 * index + tap] = Math.min(Math.max(place, 0), inLength - 1);
      weight[4 * index + tap] = kernel(Math.abs(position - place));
    }
  }
  return { at, weight };
}

/** Keys' cubic convolution (1981), of a distance below 2. */
function kernel(x: number): number {
  if (x <= 1) return ((A + 2) * x - (A + 3)) * x * x + 1;
  return ((A * x - 5 * A) * x + 8 * A) * x - 4 * A;
}
