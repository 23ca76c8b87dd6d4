import { storeUpTo16 } from './bytes';
import { partBegin } from './parts';
import { BATCH, INPUT, OP, OP_MAXIMUM, OUTPUT, OUTPUT_CHANNELS, SECOND, SHARE } from './records';

/** eq. 14: the greater or the lesser of two bytes. Threads divide the rows. */
export function extreme(step: usize, arena: usize, thread: i32, threads: i32): void {
  const columns = load<i32>(step, OUTPUT_CHANNELS);
  const share = load<i32>(step, SHARE);
  const isMaximum = load<i32>(step, OP) == OP_MAXIMUM;
  const rows = load<i32>(step, BATCH);
  const last = partBegin(rows, thread + 1, threads);
  for (let row = partBegin(rows, thread, threads); row < last; row++) {
    const first = arena + load<i32>(step, INPUT) + row * columns;
    const second = arena + load<i32>(step, SECOND) + (row / share) * columns;
    const to = arena + load<i32>(step, OUTPUT) + row * columns;
    for (let i = 0; i < columns; i += 16) {
      const a = v128.load(first + i);
      const b = v128.load(second + i);
      storeUpTo16(to + i, isMaximum ? i8x16.max_u(a, b) : i8x16.min_u(a, b), columns - i);
    }
  }
}
