import { storeUpTo8 } from './bytes';
import { partBegin } from './parts';
import {
  BATCH,
  HIGH,
  INPUT_COUNT,
  INPUTS,
  LOWER,
  OFFSET,
  OUTPUT,
  OUTPUT_CHANNELS,
  PART_BYTES,
  PART_CHANNELS,
  PART_DATA,
  PART_IS_COPY,
  PART_MULTIPLIER,
  PART_ZERO_POINT,
} from './records';
import { requantize8 } from './requantize';

/** Joins along the channels; eq. 5 with acc = q − zeroPoint. Threads divide the positions. */
export function concat(step: usize, arena: usize, thread: i32, threads: i32): void {
  const positions = load<i32>(step, BATCH);
  const first = partBegin(positions, thread, threads);
  const last = partBegin(positions, thread + 1, threads);
  const stride = load<i32>(step, OUTPUT_CHANNELS);
  let to = arena + load<i32>(step, OUTPUT) + first * stride;
  let part: usize = load<i32>(step, INPUTS);
  const end = part + <usize>load<i32>(step, INPUT_COUNT) * PART_BYTES;
  for (; part < end; part += PART_BYTES) {
    const channels = load<i32>(part, PART_CHANNELS);
    const from = arena + load<i32>(part, PART_DATA) + first * channels;
    if (load<i32>(part, PART_IS_COPY)) {
      copyRuns(from, to, last - first, channels, stride);
    } else {
      requantizeRuns(step, part, from, to, last - first, channels, stride);
    }
    to += channels;
  }
}

/** `count` runs of `length` bytes, one after another, to every `stride` bytes of `to`. */
function copyRuns(from: usize, to: usize, count: i32, length: i32, stride: i32): void {
  for (let i = 0; i < count; i++) {
    memory.copy(to, from, length);
    from += length;
    to += stride;
  }
}

function requantizeRuns(
  step: usize,
  part: usize,
  from: usize,
  to: usize,
  count: i32,
  length: i32,
  stride: i32,
): void {
  const multiplier = v128.load32_splat(part, PART_MULTIPLIER);
  const lower = v128.load32_splat(step, LOWER);
  const high = v128.load16_splat(step, HIGH);
  const offset = v128.load32_splat(step, OFFSET);
  const zero = i16x8.splat(<i16>load<i32>(part, PART_ZERO_POINT));
  for (let i = 0; i < count; i++) {
    for (let channel = 0; channel < length; channel += 8) {
      const difference = i16x8.sub(v128.load_ext<u8>(from + channel), zero);
      const acc0 = i32x4.extend_low_i16x8_s(difference);
      const acc1 = i32x4.extend_high_i16x8_s(difference);
      const words = requantize8(acc0, acc1, multiplier, multiplier, lower, high, offset);
      storeUpTo8(to + channel, i8x16.narrow_i16x8_u(words, words), length - channel);
    }
    from += length;
    to += stride;
  }
}
