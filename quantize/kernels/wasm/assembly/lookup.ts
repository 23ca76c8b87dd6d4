import { partBegin } from './parts';
import { BATCH, INPUT, OUTPUT, OUTPUT_CHANNELS, TABLE } from './records';

/** eq. 10: each byte's own byte in a table. Threads divide the positions. */
export function lookup(step: usize, arena: usize, thread: i32, threads: i32): void {
  const positions = load<i32>(step, BATCH);
  const channels = load<i32>(step, OUTPUT_CHANNELS);
  const table: usize = load<i32>(step, TABLE);
  const first = partBegin(positions, thread, threads) * channels;
  const last = partBegin(positions, thread + 1, threads) * channels;
  const from = arena + load<i32>(step, INPUT);
  const to = arena + load<i32>(step, OUTPUT);
  for (let i = first; i < last; i++) store<u8>(to + i, load<u8>(table + load<u8>(from + i)));
}

/** The same of `length` bytes where they lie, just written. */
export function lookUpInPlace(table: usize, at: usize, length: i32): void {
  for (let i = 0; i < length; i++) store<u8>(at + i, load<u8>(table + load<u8>(at + i)));
}
