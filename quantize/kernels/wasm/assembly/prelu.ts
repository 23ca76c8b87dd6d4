import { partBegin } from './parts';
import { ALPHA, BATCH, INPUT, OUTPUT, OUTPUT_CHANNELS, TABLE } from './records';

/** eq. 12 of the values and their slopes, by their bytes: a look-up in a table [256, 256]. */
export function prelu(step: usize, arena: usize, thread: i32, threads: i32): void {
  const slopes = load<i32>(step, OUTPUT_CHANNELS);
  const count = load<i32>(step, BATCH) * slopes;
  const first = partBegin(count, thread, threads);
  const table: usize = load<i32>(step, TABLE);
  const alpha: usize = load<i32>(step, ALPHA);
  const input = arena + load<i32>(step, INPUT);
  const output = arena + load<i32>(step, OUTPUT);
  const last = partBegin(count, thread + 1, threads);
  let slope = first % slopes;
  for (let i = first; i < last; i++) {
    const at = ((<i32>load<u8>(alpha + slope)) << 8) | <i32>load<u8>(input + i);
    store<u8>(output + i, load<u8>(table + at));
    slope++;
    if (slope == slopes) slope = 0;
  }
}
