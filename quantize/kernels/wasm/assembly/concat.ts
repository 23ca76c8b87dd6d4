import { LOWER, MULTIPLIER, OUTPUT_ZERO_POINT, UPPER } from './records';
import { requantize8, requantizeOffset } from './requantize';

/**
 * DESIGN eq. 5 with acc = q − zeroPoint for `length` bytes in place, 8 at a time: there are 7 bytes
 * of slack.
 */
export function requantizeBytes(
  bytes: usize,
  length: i32,
  zeroPoint: i32,
  requantization: usize,
): void {
  const multiplier = v128.load32_splat(requantization, MULTIPLIER);
  const lower = v128.load32_splat(requantization, LOWER);
  const upper = v128.load32_splat(requantization, UPPER);
  const offset = i32x4.splat(requantizeOffset(load<i32>(requantization, OUTPUT_ZERO_POINT)));
  const zero = i16x8.splat(<i16>zeroPoint);
  const end = bytes + length;
  for (let at = bytes; at < end; at += 8) {
    const difference = i16x8.sub(v128.load_ext<u8>(at), zero);
    const acc0 = i32x4.extend_low_i16x8_s(difference);
    const acc1 = i32x4.extend_high_i16x8_s(difference);
    const result = requantize8(acc0, acc1, multiplier, lower, upper, offset);
    v128.store64_lane(at, result, 0);
  }
}

/** Runs of `length` bytes from `from`, one after another, to every `stride` bytes of `to`. */
export function scatterRuns(from: usize, to: usize, runs: i32, length: usize, stride: usize): void {
  for (let i = 0; i < runs; i++) {
    memory.copy(to, from, length);
    from += length;
    to += stride;
  }
}

/** Each of `length` bytes `times` times over: the channels of a depthMultiplier > 1. */
export function repeatBytes(from: usize, length: i32, times: i32, to: usize): void {
  const end = from + length;
  for (; from < end; from++) {
    memory.fill(to, load<u8>(from), times);
    to += times;
  }
}
