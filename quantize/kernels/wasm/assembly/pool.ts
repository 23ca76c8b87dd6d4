import { storeUpTo8, storeUpTo16 } from './bytes';
import { partBegin } from './parts';
import {
  BATCH,
  CHANNELS,
  HEIGHT,
  HIGH,
  INPUT,
  LOW,
  OP,
  OP_MAX_POOL,
  OUTPUT,
  OUTPUT_HEIGHT,
  OUTPUT_WIDTH,
  PADDING_LEFT,
  PADDING_TOP,
  STRIDE_X,
  STRIDE_Y,
  WIDTH,
  WINDOW_HEIGHT,
  WINDOW_WIDTH,
} from './records';

/**
 * eq. 6, then the bounds. Windows are cut to the image: padded positions take no part. Threads
 * divide the output rows.
 */
export function pool(step: usize, arena: usize, thread: i32, threads: i32): void {
  const outputHeight = load<i32>(step, OUTPUT_HEIGHT);
  const outputWidth = load<i32>(step, OUTPUT_WIDTH);
  const height = load<i32>(step, HEIGHT);
  const width = load<i32>(step, WIDTH);
  const channels = load<i32>(step, CHANNELS);
  const isMax = load<i32>(step, OP) == OP_MAX_POOL;
  const lower = i8x16.splat(<i8>load<i32>(step, LOW));
  const upper = i8x16.splat(<i8>load<i32>(step, HIGH));
  const rows = load<i32>(step, BATCH) * outputHeight;
  const first = partBegin(rows, thread, threads);
  const last = partBegin(rows, thread + 1, threads);
  let output = arena + load<i32>(step, OUTPUT) + first * outputWidth * channels;
  for (let row = first; row < last; row++) {
    const image = arena + load<i32>(step, INPUT) + (row / outputHeight) * height * width * channels;
    const y = (row % outputHeight) * load<i32>(step, STRIDE_Y) - load<i32>(step, PADDING_TOP);
    const top = max(y, 0);
    const bottom = min(y + load<i32>(step, WINDOW_HEIGHT), height);
    for (let column = 0; column < outputWidth; column++) {
      const x = column * load<i32>(step, STRIDE_X) - load<i32>(step, PADDING_LEFT);
      const left = max(x, 0);
      const right = min(x + load<i32>(step, WINDOW_WIDTH), width);
      const from = image + (top * width + left) * channels;
      const rowLength = (right - left) * channels;
      const stride = width * channels;
      if (isMax) {
        maximum(from, bottom - top, rowLength, stride, channels, lower, upper, output);
      } else {
        average(from, bottom - top, rowLength, stride, channels, lower, upper, output);
      }
      output += channels;
    }
  }
}

/** Maximum of `rows` × `rowLength / channels` positions; 0 changes no maximum of bytes. */
function maximum(
  input: usize,
  rows: i32,
  rowLength: i32,
  stride: i32,
  channels: i32,
  lower: v128,
  upper: v128,
  output: usize,
): void {
  for (let channel = 0; channel < channels; channel += 16) {
    let result = lower;
    let from = input + channel;
    for (let row = 0; row < rows; row++) {
      for (let at = from; at < from + rowLength; at += channels) {
        result = i8x16.max_u(result, v128.load(at));
      }
      from += stride;
    }
    storeUpTo16(output + channel, i8x16.min_u(result, upper), channels - channel);
  }
}

/** Quotients of this many positions or fewer are exact in single precision. */
const MAX_SINGLE_POSITIONS: i32 = 65535;

/** (Σq + ⌊n/2⌋) / n, rounded down. */
function average(
  input: usize,
  rows: i32,
  rowLength: i32,
  stride: i32,
  channels: i32,
  lower: v128,
  upper: v128,
  output: usize,
): void {
  const count = rows * (rowLength / channels);
  for (let channel = 0; channel < channels; channel += 8) {
    let sum0 = i32x4.splat(count >> 1);
    let sum1 = sum0;
    let from = input + channel;
    for (let row = 0; row < rows; row++) {
      for (let at = from; at < from + rowLength; at += channels) {
        const words = v128.load_ext<u8>(at);
        sum0 = i32x4.add(sum0, i32x4.extend_low_i16x8_u(words));
        sum1 = i32x4.add(sum1, i32x4.extend_high_i16x8_u(words));
      }
      from += stride;
    }
    const words = i16x8.narrow_i32x4_s(quotients(sum0, count), quotients(sum1, count));
    const bytes = i8x16.narrow_i16x8_u(words, words);
    const bounded = i8x16.min_u(i8x16.max_u(bytes, lower), upper);
    storeUpTo8(output + channel, bounded, channels - channel);
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
