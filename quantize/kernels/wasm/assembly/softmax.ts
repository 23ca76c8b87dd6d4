import { partBegin } from './parts';
import { BATCH, INPUT, OUTPUT, OUTPUT_CHANNELS, POWERS } from './records';

/** eq. 15: a sum in single precision has an order, so no vectors. Threads divide the positions. */
export function softmax(step: usize, arena: usize, thread: i32, threads: i32): void {
  const positions = load<i32>(step, BATCH);
  const channels = load<i32>(step, OUTPUT_CHANNELS);
  const powers: usize = load<i32>(step, POWERS);
  const last = partBegin(positions, thread + 1, threads);
  for (let position = partBegin(positions, thread, threads); position < last; position++) {
    const from = arena + load<i32>(step, INPUT) + position * channels;
    const to = arena + load<i32>(step, OUTPUT) + position * channels;
    let greatest: i32 = 0;
    for (let c = 0; c < channels; c++) greatest = max(greatest, <i32>load<u8>(from + c));
    let sum: f32 = 0;
    for (let c = 0; c < channels; c++) sum += powerOf(powers, greatest - <i32>load<u8>(from + c));
    const factor: f32 = <f32>256.0 / sum;
    for (let c = 0; c < channels; c++) {
      const share: f32 = powerOf(powers, greatest - <i32>load<u8>(from + c)) * factor;
      store<u8>(to + c, <u8>min(<i32>(share + <f32>0.5), 255));
    }
  }
}

function powerOf(powers: usize, distance: i32): f32 {
  return load<f32>(powers + ((<usize>distance) << 2));
}
