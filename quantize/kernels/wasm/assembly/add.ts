import { storeUpTo8 } from './bytes';
import { partBegin } from './parts';
import {
  BATCH,
  FIRST_MULTIPLIER,
  HIGH,
  INPUT,
  INPUT_ZERO_POINT,
  LOW,
  OUTPUT,
  OUTPUT_CHANNELS,
  OUTPUT_ZERO_POINT,
  SECOND,
  SECOND_MULTIPLIER,
  SECOND_ZERO_POINT,
  SHARE,
  SHIFT,
} from './records';

/**
 * eq. 9: a sum of two tensors, or their difference. The zero points and half a step are added
 * beforehand; sums may wrap on the way to a result that fits int32. Threads divide the rows.
 */
export function add(step: usize, arena: usize, thread: i32, threads: i32): void {
  const columns = load<i32>(step, OUTPUT_CHANNELS);
  const share = load<i32>(step, SHARE);
  const shift = load<i32>(step, SHIFT);
  const firstMultiplier = load<i32>(step, FIRST_MULTIPLIER);
  const secondMultiplier = load<i32>(step, SECOND_MULTIPLIER);
  const bias = i32x4.splat(
    (1 << (shift - 1)) -
      firstMultiplier * load<i32>(step, INPUT_ZERO_POINT) -
      secondMultiplier * load<i32>(step, SECOND_ZERO_POINT),
  );
  const a = i32x4.splat(firstMultiplier);
  const b = i32x4.splat(secondMultiplier);
  const zeroPoint = i16x8.splat(<i16>load<i32>(step, OUTPUT_ZERO_POINT));
  const low = i8x16.splat(<i8>load<i32>(step, LOW));
  const high = i8x16.splat(<i8>load<i32>(step, HIGH));
  const rows = load<i32>(step, BATCH);
  const last = partBegin(rows, thread + 1, threads);
  for (let row = partBegin(rows, thread, threads); row < last; row++) {
    const first = arena + load<i32>(step, INPUT) + row * columns;
    const second = arena + load<i32>(step, SECOND) + (row / share) * columns;
    const to = arena + load<i32>(step, OUTPUT) + row * columns;
    for (let i = 0; i < columns; i += 8) {
      const x = v128.load_ext<u8>(first + i);
      const y = v128.load_ext<u8>(second + i);
      const sum0 = sum(i32x4.extend_low_i16x8_u(x), i32x4.extend_low_i16x8_u(y), a, b, bias);
      const sum1 = sum(i32x4.extend_high_i16x8_u(x), i32x4.extend_high_i16x8_u(y), a, b, bias);
      // What narrowing saturates is beyond every bound.
      const words = i16x8.narrow_i32x4_s(i32x4.shr_s(sum0, shift), i32x4.shr_s(sum1, shift));
      const moved = i16x8.add_sat_s(words, zeroPoint);
      const bytes = i8x16.narrow_i16x8_u(moved, moved);
      storeUpTo8(to + i, i8x16.min_u(i8x16.max_u(bytes, low), high), columns - i);
    }
  }
}

function sum(x: v128, y: v128, a: v128, b: v128, bias: v128): v128 {
  return i32x4.add(i32x4.add(i32x4.mul(x, a), i32x4.mul(y, b)), bias);
}
