import { HIGH, LOWER, OFFSET, OUTPUT_CHANNELS, STRIDE_X } from './records';
import { requantize8 } from './requantize';

// A 3 × 3 window, written out for 8 channels of an output row. `weights`: seven pairs of 8 channels,
// [7, 8, 2] i16, in the order of `../pack_filter.ts`: rows 0 and 1 of columns 0, 1 and 2; row 2 of
// columns 0 and 1, of 2 and none; and the same row for an output that begins one column later, of none
// and 0, of 1 and 2. A position of none has weight 0 and multiplies whatever byte is there. `bias`: [8] i32,
// and behind it the multipliers, [8] f32.
//
// Both are functions of their own, which `index.ts` exports: see `multiplyTile`. What is constant is
// loaded before the loop. V8 spills it and loads it where it is used, whereas it moves all loads of a
// loop to the loop's beginning, each to be spilled and loaded again.

/** The low four channels of two positions, interleaved for dot_i16x8_s. */
export function interleaveLow(a: v128, b: v128): v128 {
  return v128.shuffle<i16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}

/** The high four. */
export function interleaveHigh(a: v128, b: v128): v128 {
  return v128.shuffle<i16>(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

function addDot(acc: v128, x: v128, w: v128): v128 {
  return i32x4.add(acc, i32x4.dot_i16x8_s(x, w));
}

/** Outputs at `output` up to `end`, one at a time. row0, row1, row2: of the window of the first. */
export function windows3x3(
  step: usize,
  row0: usize,
  row1: usize,
  row2: usize,
  weights: usize,
  bias: usize,
  output: usize,
  end: usize,
): void {
  const channels = load<i32>(step, OUTPUT_CHANNELS);
  const columnStep = load<i32>(step, STRIDE_X) * channels;
  const bias0 = v128.load(bias);
  const bias1 = v128.load(bias, 16);
  const low0 = v128.load(weights);
  const high0 = v128.load(weights, 16);
  const low1 = v128.load(weights, 32);
  const high1 = v128.load(weights, 48);
  const low2 = v128.load(weights, 64);
  const high2 = v128.load(weights, 80);
  const low3 = v128.load(weights, 96);
  const high3 = v128.load(weights, 112);
  const low4 = v128.load(weights, 128);
  const high4 = v128.load(weights, 144);
  const multipliers0 = v128.load(bias, 32);
  const multipliers1 = v128.load(bias, 48);
  const lower = v128.load32_splat(step, LOWER);
  const high = v128.load16_splat(step, HIGH);
  const offset = v128.load32_splat(step, OFFSET);
  for (; output < end; output += channels) {
    let a = v128.load_ext<u8>(row0);
    let b = v128.load_ext<u8>(row1);
    let acc0 = addDot(bias0, interleaveLow(a, b), low0);
    let acc1 = addDot(bias1, interleaveHigh(a, b), high0);
    a = v128.load_ext<u8>(row0 + channels);
    b = v128.load_ext<u8>(row1 + channels);
    acc0 = addDot(acc0, interleaveLow(a, b), low1);
    acc1 = addDot(acc1, interleaveHigh(a, b), high1);
    a = v128.load_ext<u8>(row0 + 2 * channels);
    b = v128.load_ext<u8>(row1 + 2 * channels);
    acc0 = addDot(acc0, interleaveLow(a, b), low2);
    acc1 = addDot(acc1, interleaveHigh(a, b), high2);
    a = v128.load_ext<u8>(row2);
    b = v128.load_ext<u8>(row2 + channels);
    acc0 = addDot(acc0, interleaveLow(a, b), low3);
    acc1 = addDot(acc1, interleaveHigh(a, b), high3);
    a = v128.load_ext<u8>(row2 + 2 * channels);
    acc0 = addDot(acc0, interleaveLow(a, a), low4);
    acc1 = addDot(acc1, interleaveHigh(a, a), high4);
    const words = requantize8(acc0, acc1, multipliers0, multipliers1, lower, high, offset);
    v128.store64_lane(output, i8x16.narrow_i16x8_u(words, words), 0);
    row0 += columnStep;
    row1 += columnStep;
    row2 += columnStep;
  }
}

/**
 * Stride 1: outputs at `output` up to `end`, an even number of them, two at a time. Their windows
 * overlap: a column's rows 0 and 1 are interleaved once for both, and so are two columns of row 2.
 */
export function windowPairs3x3(
  step: usize,
  row0: usize,
  row1: usize,
  row2: usize,
  weights: usize,
  bias: usize,
  output: usize,
  end: usize,
): void {
  const channels = load<i32>(step, OUTPUT_CHANNELS);
  const bias0 = v128.load(bias);
  const bias1 = v128.load(bias, 16);
  const low0 = v128.load(weights);
  const high0 = v128.load(weights, 16);
  const low1 = v128.load(weights, 32);
  const high1 = v128.load(weights, 48);
  const low2 = v128.load(weights, 64);
  const high2 = v128.load(weights, 80);
  const low3 = v128.load(weights, 96);
  const high3 = v128.load(weights, 112);
  const low4 = v128.load(weights, 128);
  const high4 = v128.load(weights, 144);
  const low5 = v128.load(weights, 160);
  const high5 = v128.load(weights, 176);
  const low6 = v128.load(weights, 192);
  const high6 = v128.load(weights, 208);
  const multipliers0 = v128.load(bias, 32);
  const multipliers1 = v128.load(bias, 48);
  const lower = v128.load32_splat(step, LOWER);
  const high = v128.load16_splat(step, HIGH);
  const offset = v128.load32_splat(step, OFFSET);
  for (; output < end; output += 2 * channels) {
    let a = v128.load_ext<u8>(row0);
    let b = v128.load_ext<u8>(row1);
    let acc0 = addDot(bias0, interleaveLow(a, b), low0);
    let acc1 = addDot(bias1, interleaveHigh(a, b), high0);
    row0 += channels;
    row1 += channels;
    a = v128.load_ext<u8>(row0);
    b = v128.load_ext<u8>(row1);
    let x0 = interleaveLow(a, b);
    let x1 = interleaveHigh(a, b);
    acc0 = addDot(acc0, x0, low1);
    acc1 = addDot(acc1, x1, high1);
    let next0 = addDot(bias0, x0, low0);
    let next1 = addDot(bias1, x1, high0);
    row0 += channels;
    row1 += channels;
    a = v128.load_ext<u8>(row0);
    b = v128.load_ext<u8>(row1);
    x0 = interleaveLow(a, b);
    x1 = interleaveHigh(a, b);
    acc0 = addDot(acc0, x0, low2);
    acc1 = addDot(acc1, x1, high2);
    next0 = addDot(next0, x0, low1);
    next1 = addDot(next1, x1, high1);
    a = v128.load_ext<u8>(row0 + channels);
    b = v128.load_ext<u8>(row1 + channels);
    next0 = addDot(next0, interleaveLow(a, b), low2);
    next1 = addDot(next1, interleaveHigh(a, b), high2);
    a = v128.load_ext<u8>(row2);
    b = v128.load_ext<u8>(row2 + channels);
    x0 = interleaveLow(a, b);
    x1 = interleaveHigh(a, b);
    acc0 = addDot(acc0, x0, low3);
    acc1 = addDot(acc1, x1, high3);
    next0 = addDot(next0, x0, low5);
    next1 = addDot(next1, x1, high5);
    row2 += 2 * channels;
    a = v128.load_ext<u8>(row2);
    b = v128.load_ext<u8>(row2 + channels);
    x0 = interleaveLow(a, b);
    x1 = interleaveHigh(a, b);
    acc0 = addDot(acc0, x0, low4);
    acc1 = addDot(acc1, x1, high4);
    next0 = addDot(next0, x0, low6);
    next1 = addDot(next1, x1, high6);
    const bytes = i8x16.narrow_i16x8_u(
      requantize8(acc0, acc1, multipliers0, multipliers1, lower, high, offset),
      requantize8(next0, next1, multipliers0, multipliers1, lower, high, offset),
    );
    v128.store64_lane(output, bytes, 0);
    v128.store64_lane(output + channels, bytes, 1);
  }
}
