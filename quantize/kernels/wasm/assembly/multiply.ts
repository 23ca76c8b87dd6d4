import { storeUpTo8 } from './bytes';
import { partBegin } from './parts';
import {
  BATCH,
  HIGH,
  INPUT,
  INPUT_ZERO_POINT,
  LOWER,
  MULTIPLIER,
  OFFSET,
  OUTPUT,
  OUTPUT_CHANNELS,
  SECOND,
  SECOND_ZERO_POINT,
  SHARE,
} from './records';
import { requantize8 } from './requantize';

/** A product of two tensors: eq. 5 with acc = (aq − za)(bq − zb). Threads divide the rows. */
export function multiply(step: usize, arena: usize, thread: i32, threads: i32): void {
  const columns = load<i32>(step, OUTPUT_CHANNELS);
  const share = load<i32>(step, SHARE);
  const multiplier = v128.load32_splat(step, MULTIPLIER);
  const lower = v128.load32_splat(step, LOWER);
  const high = v128.load16_splat(step, HIGH);
  const offset = v128.load32_splat(step, OFFSET);
  const firstZero = i16x8.splat(<i16>load<i32>(step, INPUT_ZERO_POINT));
  const secondZero = i16x8.splat(<i16>load<i32>(step, SECOND_ZERO_POINT));
  const rows = load<i32>(step, BATCH);
  const last = partBegin(rows, thread + 1, threads);
  for (let row = partBegin(rows, thread, threads); row < last; row++) {
    const first = arena + load<i32>(step, INPUT) + row * columns;
    const second = arena + load<i32>(step, SECOND) + (row / share) * columns;
    const to = arena + load<i32>(step, OUTPUT) + row * columns;
    for (let i = 0; i < columns; i += 8) {
      const x = i16x8.sub(v128.load_ext<u8>(first + i), firstZero);
      const y = i16x8.sub(v128.load_ext<u8>(second + i), secondZero);
      const acc0 = i32x4.extmul_low_i16x8_s(x, y);
      const acc1 = i32x4.extmul_high_i16x8_s(x, y);
      const words = requantize8(acc0, acc1, multiplier, multiplier, lower, high, offset);
      storeUpTo8(to + i, i8x16.narrow_i16x8_u(words, words), columns - i);
    }
  }
}
