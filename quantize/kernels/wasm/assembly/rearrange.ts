import { partBegin } from './parts';
import {
  BATCH,
  FILL,
  IMAGE_BYTES,
  INPUT,
  MAP_BEGINS,
  MAP_ENDS,
  MAP_OFFSET,
  MAP_SIZES,
  MAP_STRIDES,
  OUTPUT,
} from './records';

/** eq. 11: rows of the last of five loops. Threads divide the rows. */
export function rearrange(step: usize, arena: usize, thread: i32, threads: i32): void {
  let rows = load<i32>(step, BATCH);
  for (let k = 0; k < 4; k++) rows *= load<i32>(step + 4 * k, MAP_SIZES);
  const first = partBegin(rows, thread, threads);
  const last = partBegin(rows, thread + 1, threads);
  const length = load<i32>(step + 16, MAP_SIZES);
  const stride = load<i32>(step + 16, MAP_STRIDES);
  const begin = load<i32>(step + 16, MAP_BEGINS);
  const end = load<i32>(step + 16, MAP_ENDS);
  const fill = <u8>load<i32>(step, FILL);
  let to = arena + load<i32>(step, OUTPUT) + first * length;
  for (let row = first; row < last; row++) {
    let rest = row;
    let from = load<i32>(step, MAP_OFFSET);
    let isInside = true;
    for (let k = 3; k >= 0; k--) {
      const loop = step + 4 * k;
      const size = load<i32>(loop, MAP_SIZES);
      const index = rest % size;
      rest /= size;
      from += index * load<i32>(loop, MAP_STRIDES);
      isInside =
        isInside && index >= load<i32>(loop, MAP_BEGINS) && index < load<i32>(loop, MAP_ENDS);
    }
    if (isInside) {
      // Its place may lie before the arena where only `begin` steps on are in it.
      const source = arena + load<i32>(step, INPUT) + rest * load<i32>(step, IMAGE_BYTES) + from;
      memory.fill(to, fill, begin);
      if (stride == 1) {
        memory.copy(to + begin, source + begin, end - begin);
      } else {
        for (let i = begin; i < end; i++) store<u8>(to + i, load<u8>(source + i * stride));
      }
      memory.fill(to + end, fill, length - end);
    } else {
      memory.fill(to, fill, length);
    }
    to += length;
  }
}
