import { fillLoosely, storeUpTo8 } from './bytes';
import { interleaveHigh, interleaveLow, windowPairs3x3, windows3x3 } from './depthwise3x3';
import { lookUpInPlace } from './lookup';
import { partBegin } from './parts';
import {
  BATCH,
  BIAS,
  CHANNELS,
  DILATION_X,
  DILATION_Y,
  FILTER,
  FUSED_TABLE,
  HEIGHT,
  HIGH,
  INPUT,
  INPUT_ZERO_POINT,
  LOWER,
  OFFSET,
  OUTPUT,
  OUTPUT_CHANNELS,
  OUTPUT_HEIGHT,
  OUTPUT_WIDTH,
  PADDING_LEFT,
  PADDING_TOP,
  PAIRS,
  STRIDE_X,
  STRIDE_Y,
  WIDTH,
  WINDOW_HEIGHT,
  WINDOW_WIDTH,
} from './records';
import { requantize8 } from './requantize';

/**
 * Each channel of output from one channel of the input, 8 channels at a time. Threads divide the
 * output rows. The rows under the window are kept in `scratch`, padded, row p of the padded image in
 * slot p mod of as many as a window spans: each is copied once, and what the kernels read has no edges.
 *
 * The filter is packed as for `gemmPanel`: pairs of the window's positions, in the order of
 * `../pack_filter.ts`. scratch: the slots (see `slotBytes`), then an i32 for each position of a pair.
 */
export function depthwise(
  step: usize,
  arena: usize,
  thread: i32,
  threads: i32,
  scratch: usize,
): void {
  const outputHeight = load<i32>(step, OUTPUT_HEIGHT);
  const windowHeight = load<i32>(step, WINDOW_HEIGHT);
  const windowWidth = load<i32>(step, WINDOW_WIDTH);
  const outputChannels = load<i32>(step, OUTPUT_CHANNELS);
  const strideY = load<i32>(step, STRIDE_Y);
  const strideX = load<i32>(step, STRIDE_X);
  const pairs = load<i32>(step, PAIRS);
  const bias = load<i32>(step, BIAS);
  const filter = load<i32>(step, FILTER);
  const isDilated = (load<i32>(step, DILATION_Y) | load<i32>(step, DILATION_X)) != 1;
  const is3x3 = windowHeight == 3 && windowWidth == 3 && !isDilated;
  const slots = stagedHeight(step);
  const rowBytes = load<i32>(step, OUTPUT_WIDTH) * outputChannels;
  const imageBytes = load<i32>(step, HEIGHT) * load<i32>(step, WIDTH) * load<i32>(step, CHANNELS);
  const slot = slotBytes(step);
  const taps = scratch + slots * slot;

  const rows = load<i32>(step, BATCH) * outputHeight;
  const last = partBegin(rows, thread + 1, threads);
  /** Bytes of the outputs that are made two at a time. */
  const inPairs = strideX == 1 ? (load<i32>(step, OUTPUT_WIDTH) & ~1) * outputChannels : 0;
  let staged = 0;
  for (let row = partBegin(rows, thread, threads); row < last; row++) {
    const image = arena + load<i32>(step, INPUT) + (row / outputHeight) * imageBytes;
    const y = row % outputHeight;
    if (y == 0) staged = 0; // another image has other rows
    const top = y * strideY;
    for (let p = max(top, staged); p < top + slots; p++) {
      stageRow(step, image, p, scratch + (p % slots) * slot);
    }
    staged = top + slots;
    const output = arena + load<i32>(step, OUTPUT) + row * rowBytes;
    let channel = 0;
    if (is3x3) {
      const row0 = scratch + (top % 3) * slot;
      const row1 = scratch + ((top + 1) % 3) * slot;
      const row2 = scratch + ((top + 2) % 3) * slot;
      for (; channel + 8 <= outputChannels; channel += 8) {
        const weights = filter + channel * pairs * 4;
        const biases = bias + channel * 8;
        const to = output + channel;
        windowPairs3x3(
          step,
          row0 + channel,
          row1 + channel,
          row2 + channel,
          weights,
          biases,
          to,
          to + inPairs,
        );
        const x = inPairs * strideX + channel;
        windows3x3(
          step,
          row0 + x,
          row1 + x,
          row2 + x,
          weights,
          biases,
          to + inPairs,
          to + rowBytes,
        );
      }
    }
    if (channel < outputChannels) writeTaps(step, top, slot, taps);
    for (; channel < outputChannels; channel += 8) {
      rowOfAny(
        step,
        scratch + channel,
        filter + channel * pairs * 4,
        bias + channel * 8,
        taps,
        output + channel,
        outputChannels - channel,
      );
    }
    const table: usize = load<i32>(step, FUSED_TABLE);
    if (table != 0) lookUpInPlace(table, output, rowBytes);
  }
}

/** Rows that a window spans. */
function stagedHeight(step: usize): i32 {
  return (load<i32>(step, WINDOW_HEIGHT) - 1) * load<i32>(step, DILATION_Y) + 1;
}

/** Columns that the windows of an output row touch, padding included. */
function stagedWidth(step: usize): i32 {
  return (
    (load<i32>(step, OUTPUT_WIDTH) - 1) * load<i32>(step, STRIDE_X) +
    (load<i32>(step, WINDOW_WIDTH) - 1) * load<i32>(step, DILATION_X) +
    1
  );
}

/** Room of a padded row, with slack for reading and writing by 16 bytes. */
function slotBytes(step: usize): i32 {
  return ((stagedWidth(step) * load<i32>(step, OUTPUT_CHANNELS) + 15) & ~15) + 16;
}

/** Row `p` of the padded image, each channel repeated for depthMultiplier outputs. */
function stageRow(step: usize, image: usize, p: i32, to: usize): void {
  const channels = load<i32>(step, CHANNELS);
  const outputChannels = load<i32>(step, OUTPUT_CHANNELS);
  const zeroPoint = load<i32>(step, INPUT_ZERO_POINT);
  const width = load<i32>(step, WIDTH);
  const columns = stagedWidth(step);
  const iy = p - load<i32>(step, PADDING_TOP);
  if (<u32>iy >= <u32>load<i32>(step, HEIGHT)) {
    fillLoosely(to, zeroPoint, columns * outputChannels);
    return;
  }
  const left = min(load<i32>(step, PADDING_LEFT), columns);
  const inside = min(width, columns - left);
  fillLoosely(to, zeroPoint, left * outputChannels);
  to += left * outputChannels;
  const from = image + iy * width * channels;
  if (channels == outputChannels) {
    memory.copy(to, from, inside * channels);
  } else {
    repeatBytes(from, inside * channels, outputChannels / channels, to);
  }
  fillLoosely(to + inside * outputChannels, zeroPoint, (columns - left - inside) * outputChannels);
}

/** Each of `length` bytes `times` times over. */
function repeatBytes(from: usize, length: i32, times: i32, to: usize): void {
  const end = from + length;
  for (; from < end; from++) {
    memory.fill(to, load<u8>(from), times);
    to += times;
  }
}

/**
 * [2 · pairs] i32: bytes from `scratch` to each position of the window whose first row is `top`, in
 * the order of the filter's pairs.
 */
function writeTaps(step: usize, top: i32, slot: i32, taps: usize): void {
  const windowHeight = load<i32>(step, WINDOW_HEIGHT);
  const windowWidth = load<i32>(step, WINDOW_WIDTH);
  const columnBytes = load<i32>(step, DILATION_X) * load<i32>(step, OUTPUT_CHANNELS);
  const dilationY = load<i32>(step, DILATION_Y);
  const slots = stagedHeight(step);
  for (let ky = 0; ky < windowHeight; ky += 2) {
    const row = ((top + ky * dilationY) % slots) * slot;
    const next = ((top + (ky + 1) * dilationY) % slots) * slot;
    for (let kx = 0; kx < windowWidth; kx++) {
      store<i32>(taps, row + kx * columnBytes);
      taps += 4;
      if (ky + 1 == windowHeight) continue;
      store<i32>(taps, next + kx * columnBytes);
      taps += 4;
    }
  }
  // The second position of an odd last pair has weight 0: any will do.
  store<i32>(taps, 0);
}

/** 8 channels of an output row, of which the first `count` are stored; a window of any size. */
function rowOfAny(
  step: usize,
  input: usize,
  weights: usize,
  bias: usize,
  taps: usize,
  output: usize,
  count: i32,
): void {
  const channels = load<i32>(step, OUTPUT_CHANNELS);
  const columnStep = load<i32>(step, STRIDE_X) * channels;
  const positions = load<i32>(step, WINDOW_HEIGHT) * load<i32>(step, WINDOW_WIDTH);
  const tapsEnd = taps + ((positions + 1) >> 1) * 8;
  const outputEnd = output + load<i32>(step, OUTPUT_WIDTH) * channels;
  for (; output < outputEnd; output += channels) {
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
    storeRequantized(step, bias, acc0, acc1, output, count);
    input += columnStep;
  }
}

/** eq. 5 of eight accumulators by the multipliers behind `bias`; the first `count` bytes are stored. */
function storeRequantized(
  step: usize,
  bias: usize,
  acc0: v128,
  acc1: v128,
  to: usize,
  count: i32,
): void {
  const words = requantize8(
    acc0,
    acc1,
    v128.load(bias, 32),
    v128.load(bias, 48),
    v128.load32_splat(step, LOWER),
    v128.load16_splat(step, HIGH),
    v128.load32_splat(step, OFFSET),
  );
  storeUpTo8(to, i8x16.narrow_i16x8_u(words, words), count);
}
