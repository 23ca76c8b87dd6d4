import {
  BATCH,
  CHANNELS,
  COLUMN_STEP,
  IMAGE_STRIDE,
  LOWER,
  MULTIPLIER,
  OUTPUT_HEIGHT,
  OUTPUT_WIDTH,
  OUTPUT_ZERO_POINT,
  ROW_STEP,
  UPPER,
  WINDOW_HEIGHT,
  WINDOW_ROW_STRIDE,
  WINDOW_WIDTH,
} from './records';
import { requantize8, requantizeOffset } from './requantize';

/** The low or high four channels of two taps, interleaved for dot_i16x8_s. */
function interleaveLow(a: v128, b: v128): v128 {
  return v128.shuffle<i16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}

function interleaveHigh(a: v128, b: v128): v128 {
  return v128.shuffle<i16>(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

/**
 * Each `channels` of output from the same channel of the input, 8 channels at a time. input: the
 * padded image. filter: [⌈channels / 8⌉, pairs, 8, 2] i16, wq − wz of the window's positions two by
 * two, zeros for the second of an odd last pair and for channels past the last. bias:
 * [⌈channels / 8⌉ · 8] i32, with − zx · Σ (wq − wz) added by the caller. taps: [2 · pairs] i32, the
 * bytes from a window's origin to each position. output: [N, H', W', channels] uint8.
 *
 * Loads and stores are always 8 bytes; the input has 7 bytes of slack. Within an output row chunks
 * of channels go from the last to the first and columns upwards, so what the last chunk spills over
 * a position's end is written again: by a lower chunk, or by the next position. The output has 7
 * bytes of slack.
 */
export function depthwise(
  geometry: usize,
  input: usize,
  filter: usize,
  bias: usize,
  taps: usize,
  pairs: i32,
  output: usize,
  requantization: usize,
): void {
  const batch = load<i32>(geometry, BATCH);
  const outputHeight = load<i32>(geometry, OUTPUT_HEIGHT);
  const outputWidth = load<i32>(geometry, OUTPUT_WIDTH);
  const imageStride = load<i32>(geometry, IMAGE_STRIDE);
  const rowStep = load<i32>(geometry, ROW_STEP);
  const channels = load<i32>(geometry, CHANNELS);
  const is3x3 = load<i32>(geometry, WINDOW_HEIGHT) == 3 && load<i32>(geometry, WINDOW_WIDTH) == 3;
  const chunkBytes: usize = pairs << 5;

  for (let n = 0; n < batch; n++) {
    for (let y = 0; y < outputHeight; y++) {
      const from = input + n * imageStride + y * rowStep;
      const to = output + (n * outputHeight + y) * outputWidth * channels;
      for (let channel = (channels - 1) & ~7; channel >= 0; channel -= 8) {
        const weights = filter + (<usize>channel >> 3) * chunkBytes;
        const biases = bias + (channel << 2);
        if (is3x3) {
          row3x3(geometry, from + channel, weights, biases, to + channel, requantization);
        } else {
          rowOfAny(
            geometry,
            from + channel,
            weights,
            biases,
            taps,
            pairs,
            to + channel,
            requantization,
          );
        }
      }
    }
  }
}

/** 8 channels of an output row; a window of any size. */
function rowOfAny(
  geometry: usize,
  input: usize,
  weights: usize,
  bias: usize,
  taps: usize,
  pairs: i32,
  output: usize,
  requantization: usize,
): void {
  const multiplier = v128.load32_splat(requantization, MULTIPLIER);
  const lower = v128.load32_splat(requantization, LOWER);
  const upper = v128.load32_splat(requantization, UPPER);
  const offset = i32x4.splat(requantizeOffset(load<i32>(requantization, OUTPUT_ZERO_POINT)));
  const columnStep = load<i32>(geometry, COLUMN_STEP);
  const channels = load<i32>(geometry, CHANNELS);
  const outputWidth = load<i32>(geometry, OUTPUT_WIDTH);
  const tapsEnd = taps + (pairs << 3);
  for (let x = 0; x < outputWidth; x++) {
    let acc0 = v128.load(bias);
    let acc1 = v128.load(bias, 16);
    let w = weights;
    for (let tap = taps; tap < tapsEnd; tap += 8) {
      const a = v128.load_ext<u8>(input + load<i32>(tap));
      const b = v128.load_ext<u8>(input + load<i32>(tap, 4));
      acc0 = i32x4.add(acc0, i32x4.dot_i16x8_s(interleaveLow(a, b), v128.load(w)));
      acc1 = i32x4.add(acc1, i32x4.dot_i16x8_s(interleaveHigh(a, b), v128.load(w, 16)));
      w += 32;
    }
    const bytes = requantize8(acc0, acc1, multiplier, lower, upper, offset);
    v128.store64_lane(output, bytes, 0);
    input += columnStep;
    output += channels;
  }
}

/** 8 channels of an output row; a 3 × 3 window, written out. */
function row3x3(
  geometry: usize,
  input: usize,
  weights: usize,
  bias: usize,
  output: usize,
  requantization: usize,
): void {
  const multiplier = v128.load32_splat(requantization, MULTIPLIER);
  const lower = v128.load32_splat(requantization, LOWER);
  const upper = v128.load32_splat(requantization, UPPER);
  const offset = i32x4.splat(requantizeOffset(load<i32>(requantization, OUTPUT_ZERO_POINT)));
  const columnStep = load<i32>(geometry, COLUMN_STEP);
  const rowStride = load<i32>(geometry, WINDOW_ROW_STRIDE);
  const channels = load<i32>(geometry, CHANNELS);
  const outputEnd = output + load<i32>(geometry, OUTPUT_WIDTH) * channels;
  const bias0 = v128.load(bias);
  const bias1 = v128.load(bias, 16);
  for (; output < outputEnd; output += channels) {
    const top = input;
    const middle = top + rowStride;
    const bottom = middle + rowStride;
    let a = v128.load_ext<u8>(top);
    let b = v128.load_ext<u8>(top + channels);
    let acc0 = i32x4.add(bias0, i32x4.dot_i16x8_s(interleaveLow(a, b), v128.load(weights)));
    let acc1 = i32x4.add(bias1, i32x4.dot_i16x8_s(interleaveHigh(a, b), v128.load(weights, 16)));
    a = v128.load_ext<u8>(top + 2 * channels);
    b = v128.load_ext<u8>(middle);
    acc0 = i32x4.add(acc0, i32x4.dot_i16x8_s(interleaveLow(a, b), v128.load(weights, 32)));
    acc1 = i32x4.add(acc1, i32x4.dot_i16x8_s(interleaveHigh(a, b), v128.load(weights, 48)));
    a = v128.load_ext<u8>(middle + channels);
    b = v128.load_ext<u8>(middle + 2 * channels);
    acc0 = i32x4.add(acc0, i32x4.dot_i16x8_s(interleaveLow(a, b), v128.load(weights, 64)));
    acc1 = i32x4.add(acc1, i32x4.dot_i16x8_s(interleaveHigh(a, b), v128.load(weights, 80)));
    a = v128.load_ext<u8>(bottom);
    b = v128.load_ext<u8>(bottom + channels);
    acc0 = i32x4.add(acc0, i32x4.dot_i16x8_s(interleaveLow(a, b), v128.load(weights, 96)));
    acc1 = i32x4.add(acc1, i32x4.dot_i16x8_s(interleaveHigh(a, b), v128.load(weights, 112)));
    // The second tap of the last pair has weight 0: any value will do.
    a = v128.load_ext<u8>(bottom + 2 * channels);
    acc0 = i32x4.add(acc0, i32x4.dot_i16x8_s(interleaveLow(a, a), v128.load(weights, 128)));
    acc1 = i32x4.add(acc1, i32x4.dot_i16x8_s(interleaveHigh(a, a), v128.load(weights, 144)));
    const bytes = requantize8(acc0, acc1, multiplier, lower, upper, offset);
    v128.store64_lane(output, bytes, 0);
    input += columnStep;
  }
}
