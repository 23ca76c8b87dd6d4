import { storeUpTo8 } from './bytes';
import { partBegin } from './parts';
import {
  BATCH,
  CHANNELS,
  COLUMN_TAPS,
  HEIGHT,
  INPUT,
  OUTPUT,
  OUTPUT_HEIGHT,
  OUTPUT_WIDTH,
  ROW_TAPS,
  WIDTH,
} from './records';

/** eq. 13: each position between four of the input. Threads divide the output rows. */
export function resize(step: usize, arena: usize, thread: i32, threads: i32): void {
  const outputHeight = load<i32>(step, OUTPUT_HEIGHT);
  const outputWidth = load<i32>(step, OUTPUT_WIDTH);
  const channels = load<i32>(step, CHANNELS);
  const rowBytes = load<i32>(step, WIDTH) * channels;
  const rows = load<i32>(step, BATCH) * outputHeight;
  const first = partBegin(rows, thread, threads);
  const last = partBegin(rows, thread + 1, threads);
  let to = arena + load<i32>(step, OUTPUT) + first * outputWidth * channels;
  for (let row = first; row < last; row++) {
    const image =
      arena + load<i32>(step, INPUT) + (row / outputHeight) * load<i32>(step, HEIGHT) * rowBytes;
    const tap = load<i32>(step, ROW_TAPS) + (row % outputHeight) * 12;
    const top = image + load<i32>(tap) * rowBytes;
    const bottom = image + load<i32>(tap, 4) * rowBytes;
    const down = load<i32>(tap, 8);
    let column: usize = load<i32>(step, COLUMN_TAPS);
    for (let x = 0; x < outputWidth; x++, column += 12, to += channels) {
      const left = load<i32>(column) * channels;
      const right = load<i32>(column, 4) * channels;
      const across = load<i32>(column, 8);
      if ((down | across) == 0) memory.copy(to, top + left, channels);
      else mix(top + left, top + right, bottom + left, bottom + right, across, down, to, channels);
    }
  }
}

/** |sum| ≤ 255 · 2²² + 2²¹ < 2³¹; differences of bytes and weights up to 2¹¹ are of 16 bits. */
function mix(
  topLeft: usize,
  topRight: usize,
  bottomLeft: usize,
  bottomRight: usize,
  across: i32,
  down: i32,
  to: usize,
  channels: i32,
): void {
  const x = i16x8.splat(<i16>across);
  const y = i32x4.splat(down);
  const half = i32x4.splat(1 << 21);
  for (let i = 0; i < channels; i += 8) {
    const tl = v128.load_ext<u8>(topLeft + i);
    const bl = v128.load_ext<u8>(bottomLeft + i);
    const td = i16x8.sub(v128.load_ext<u8>(topRight + i), tl);
    const bd = i16x8.sub(v128.load_ext<u8>(bottomRight + i), bl);
    const top0 = i32x4.add(
      i32x4.shl(i32x4.extend_low_i16x8_u(tl), 11),
      i32x4.extmul_low_i16x8_s(td, x),
    );
    const top1 = i32x4.add(
      i32x4.shl(i32x4.extend_high_i16x8_u(tl), 11),
      i32x4.extmul_high_i16x8_s(td, x),
    );
    const bottom0 = i32x4.add(
      i32x4.shl(i32x4.extend_low_i16x8_u(bl), 11),
      i32x4.extmul_low_i16x8_s(bd, x),
    );
    const bottom1 = i32x4.add(
      i32x4.shl(i32x4.extend_high_i16x8_u(bl), 11),
      i32x4.extmul_high_i16x8_s(bd, x),
    );
    const words = i16x8.narrow_i32x4_s(
      between(top0, bottom0, y, half),
      between(top1, bottom1, y, half),
    );
    storeUpTo8(to + i, i8x16.narrow_i16x8_u(words, words), channels - i);
  }
}

function between(top: v128, bottom: v128, weight: v128, half: v128): v128 {
  const sum = i32x4.add(i32x4.shl(top, 11), i32x4.mul(i32x4.sub(bottom, top), weight));
  return i32x4.shr_s(i32x4.add(sum, half), 22);
}
