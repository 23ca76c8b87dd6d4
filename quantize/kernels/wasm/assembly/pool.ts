import {
  BATCH,
  CHANNELS,
  COLUMN_STEP,
  IMAGE_STRIDE,
  OUTPUT_HEIGHT,
  OUTPUT_WIDTH,
  ROW_STEP,
  WINDOW_HEIGHT,
  WINDOW_ROW_STRIDE,
  WINDOW_WIDTH,
} from './records';

// Both pools read an image padded with zeros, which change neither a sum nor a maximum of bytes.
// They write positions and channels upwards, 16 or 8 bytes at a time: what a position spills over
// its end is written again by the next one, and the output has slack for the last.

/** Maximum of each window, then the bounds; input: padded image, output: [N, H', W', C] uint8. */
export function maxPool(geometry: usize, input: usize, low: i32, high: i32, output: usize): void {
  const batch = load<i32>(geometry, BATCH);
  const outputHeight = load<i32>(geometry, OUTPUT_HEIGHT);
  const outputWidth = load<i32>(geometry, OUTPUT_WIDTH);
  const imageStride = load<i32>(geometry, IMAGE_STRIDE);
  const rowStep = load<i32>(geometry, ROW_STEP);
  const columnStep = load<i32>(geometry, COLUMN_STEP);
  const windowHeight = load<i32>(geometry, WINDOW_HEIGHT);
  const windowWidth = load<i32>(geometry, WINDOW_WIDTH);
  const windowRowStride = load<i32>(geometry, WINDOW_ROW_STRIDE);
  const channels = load<i32>(geometry, CHANNELS);
  const lower = i8x16.splat(<i8>low);
  const upper = i8x16.splat(<i8>high);
  for (let n = 0; n < batch; n++) {
    for (let y = 0; y < outputHeight; y++) {
      for (let x = 0; x < outputWidth; x++) {
        const origin = input + n * imageStride + y * rowStep + x * columnStep;
        for (let channel = 0; channel < channels; channel += 16) {
          let result = lower;
          for (let ky = 0; ky < windowHeight; ky++) {
            let from = origin + channel + ky * windowRowStride;
            for (let kx = 0; kx < windowWidth; kx++) {
              result = i8x16.max_u(result, v128.load(from));
              from += channels;
            }
          }
          v128.store(output + channel, i8x16.min_u(result, upper));
        }
        output += channels;
      }
    }
  }
}

/** Quotients of this many positions or fewer are exact in single precision. */
const MAX_SINGLE_POSITIONS: i32 = 65535;

/**
 * DESIGN eq. 6, (Σq + ⌊n/2⌋) / n rounded down, then the bounds. input: padded image. counts:
 * [H', W'] i32, the n of each output position. output: [N, H', W', C] uint8.
 */
export function averagePool(
  geometry: usize,
  input: usize,
  counts: usize,
  low: i32,
  high: i32,
  output: usize,
): void {
  const batch = load<i32>(geometry, BATCH);
  const outputHeight = load<i32>(geometry, OUTPUT_HEIGHT);
  const outputWidth = load<i32>(geometry, OUTPUT_WIDTH);
  const imageStride = load<i32>(geometry, IMAGE_STRIDE);
  const rowStep = load<i32>(geometry, ROW_STEP);
  const columnStep = load<i32>(geometry, COLUMN_STEP);
  const windowHeight = load<i32>(geometry, WINDOW_HEIGHT);
  const windowWidth = load<i32>(geometry, WINDOW_WIDTH);
  const windowRowStride = load<i32>(geometry, WINDOW_ROW_STRIDE);
  const channels = load<i32>(geometry, CHANNELS);
  const lower = i8x16.splat(<i8>low);
  const upper = i8x16.splat(<i8>high);
  for (let n = 0; n < batch; n++) {
    for (let y = 0; y < outputHeight; y++) {
      for (let x = 0; x < outputWidth; x++) {
        const origin = input + n * imageStride + y * rowStep + x * columnStep;
        const count = load<i32>(counts + ((y * outputWidth + x) << 2));
        for (let channel = 0; channel < channels; channel += 8) {
          let sum0 = i32x4.splat(count >> 1);
          let sum1 = sum0;
          for (let ky = 0; ky < windowHeight; ky++) {
            let from = origin + channel + ky * windowRowStride;
            for (let kx = 0; kx < windowWidth; kx++) {
              const bytes = v128.load_ext<u8>(from);
              sum0 = i32x4.add(sum0, i32x4.extend_low_i16x8_u(bytes));
              sum1 = i32x4.add(sum1, i32x4.extend_high_i16x8_u(bytes));
              from += channels;
            }
          }
          const words = i16x8.narrow_i32x4_s(quotients(sum0, count), quotients(sum1, count));
          const bytes = i8x16.narrow_i16x8_u(words, words);
          const bounded = i8x16.min_u(i8x16.max_u(bytes, lower), upper);
          v128.store64_lane(output + channel, bounded, 0);
        }
        output += channels;
      }
    }
  }
}

/**
 * ⌊sum / count⌋ of i32x4 sums ≤ 255.5 · count.
 *
 * For count ≤ 65535 in single precision: sum ≤ 255.5 · 65535 < 2²⁴ and count are exact. Let k be the
 * least integer above sum / count, k ≤ 256. Then k − sum / count ≥ 1 / count > 2⁻¹⁶, while singles
 * below 256 are at most 2⁻¹⁶ apart, so the division, correctly rounded, stays below k; being
 * monotone it stays at or above k − 1, which is a single. Rounding down gives k − 1.
 */
function quotients(sums: v128, count: i32): v128 {
  if (count <= MAX_SINGLE_POSITIONS) {
    const quotient = f32x4.div(f32x4.convert_i32x4_s(sums), f32x4.splat(<f32>count));
    return i32x4.trunc_sat_f32x4_s(quotient);
  }
  let result = i32x4.splat(i32x4.extract_lane(sums, 0) / count);
  result = i32x4.replace_lane(result, 1, i32x4.extract_lane(sums, 1) / count);
  result = i32x4.replace_lane(result, 2, i32x4.extract_lane(sums, 2) / count);
  return i32x4.replace_lane(result, 3, i32x4.extract_lane(sums, 3) / count);
}
