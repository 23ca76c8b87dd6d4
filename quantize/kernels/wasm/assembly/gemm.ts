import {
  CHANNELS,
  COLUMN_STEP,
  IMAGE_STRIDE,
  LOWER,
  MULTIPLIER,
  OUTPUT_HEIGHT,
  OUTPUT_WIDTH,
  OUTPUT_ZERO_POINT,
  ROW_STEP,
  UPPER,
  WINDOW_HEIGHT,
  WINDOW_ROW_STRIDE,
  WINDOW_WIDTH,
} from './records';
import { requantize8, requantizeOffset } from './requantize';

/**
 * Rows of the im2col matrix: windows first … first + count − 1 of the padded image at `input`, in
 * the order of the outputs [N, H', W'], widened to i16, each row `rowBytes` long, at `rows`.
 *
 * Segments are copied by 8 and may read and write up to 7 elements too far. Writing goes upwards,
 * so the next segment mends what the last one spilled; both ends have that much slack. The spare
 * element of an odd depth keeps what was spilled: its weight is 0.
 */
export function gatherRows(
  geometry: usize,
  input: usize,
  first: i32,
  count: i32,
  rows: usize,
  rowBytes: usize,
): void {
  const outputHeight = load<i32>(geometry, OUTPUT_HEIGHT);
  const outputWidth = load<i32>(geometry, OUTPUT_WIDTH);
  const imageStride = load<i32>(geometry, IMAGE_STRIDE);
  const rowStep = load<i32>(geometry, ROW_STEP);
  const columnStep = load<i32>(geometry, COLUMN_STEP);
  const windowHeight = load<i32>(geometry, WINDOW_HEIGHT);
  const windowRowStride = load<i32>(geometry, WINDOW_ROW_STRIDE);
  const segment = load<i32>(geometry, WINDOW_WIDTH) * load<i32>(geometry, CHANNELS);

  let x = first % outputWidth;
  let y = (first / outputWidth) % outputHeight;
  let n = first / outputWidth / outputHeight;
  for (let i = 0; i < count; i++) {
    let from = input + n * imageStride + y * rowStep + x * columnStep;
    let to = rows + i * rowBytes;
    for (let ky = 0; ky < windowHeight; ky++) {
      for (let k = 0; k < segment; k += 8) {
        v128.store(to + (k << 1), v128.load_ext<u8>(from + k));
      }
      from += windowRowStride;
      to += segment << 1;
    }
    x++;
    if (x == outputWidth) {
      x = 0;
      y++;
      if (y == outputHeight) {
        y = 0;
        n++;
      }
    }
  }
}

/**
 * output[r, m] = requantize(bias[m] + Σₖ rows[r, k] · filter[k, m]), 4 rows × 8 columns at a time.
 *
 * rows: [rowCount, 2 · pairs] i16, 0 … 255. filter: panels of 8 columns, [⌈columns / 8⌉, pairs, 8,
 * 2] i16, wq − wz, zeros in the columns past the last. bias: [⌈columns / 8⌉ · 8] i32, with
 * − zx · Σ (wq − wz) added by the caller. output: [rowCount, columns] uint8.
 *
 * dot_i16x8_s is exact: |255 · 255| · 2 < 2³¹. Sums wrap modulo 2³², so folding zx into the bias
 * changes nothing as long as the accumulator itself fits int32.
 *
 * Stores are always 8 bytes. Panels go from the last to the first and rows upwards, so what the
 * last panel spills over a row's end is written again: by a lower panel, or by the next row. The
 * output has 7 bytes of slack. A tile with fewer than 4 rows computes its last row again.
 */
export function gemm(
  rows: usize,
  rowCount: i32,
  pairs: i32,
  filter: usize,
  bias: usize,
  columns: i32,
  output: usize,
  requantization: usize,
): void {
  const multiplier = v128.load32_splat(requantization, MULTIPLIER);
  const lower = v128.load32_splat(requantization, LOWER);
  const upper = v128.load32_splat(requantization, UPPER);
  const offset = i32x4.splat(requantizeOffset(load<i32>(requantization, OUTPUT_ZERO_POINT)));
  const rowBytes: usize = pairs << 2;
  const lastRow = rowCount - 1;

  for (let column = (columns - 1) & ~7; column >= 0; column -= 8) {
    const panel = filter + <usize>column * rowBytes;
    const panelEnd = panel + (rowBytes << 3);
    const bias0 = v128.load(bias + (column << 2));
    const bias1 = v128.load(bias + (column << 2), 16);
    for (let row = 0; row < rowCount; row += 4) {
      const row1 = min(row + 1, lastRow);
      const row2 = min(row + 2, lastRow);
      const row3 = min(row + 3, lastRow);
      let x0 = rows + row * rowBytes;
      let x1 = rows + row1 * rowBytes;
      let x2 = rows + row2 * rowBytes;
      let x3 = rows + row3 * rowBytes;
      let acc00 = bias0;
      let acc01 = bias1;
      let acc10 = bias0;
      let acc11 = bias1;
      let acc20 = bias0;
      let acc21 = bias1;
      let acc30 = bias0;
      let acc31 = bias1;
      for (let w = panel; w < panelEnd; w += 32) {
        const w0 = v128.load(w);
        const w1 = v128.load(w, 16);
        const pair0 = v128.load32_splat(x0);
        acc00 = i32x4.add(acc00, i32x4.dot_i16x8_s(pair0, w0));
        acc01 = i32x4.add(acc01, i32x4.dot_i16x8_s(pair0, w1));
        const pair1 = v128.load32_splat(x1);
        acc10 = i32x4.add(acc10, i32x4.dot_i16x8_s(pair1, w0));
        acc11 = i32x4.add(acc11, i32x4.dot_i16x8_s(pair1, w1));
        const pair2 = v128.load32_splat(x2);
        acc20 = i32x4.add(acc20, i32x4.dot_i16x8_s(pair2, w0));
        acc21 = i32x4.add(acc21, i32x4.dot_i16x8_s(pair2, w1));
        const pair3 = v128.load32_splat(x3);
        acc30 = i32x4.add(acc30, i32x4.dot_i16x8_s(pair3, w0));
        acc31 = i32x4.add(acc31, i32x4.dot_i16x8_s(pair3, w1));
        x0 += 4;
        x1 += 4;
        x2 += 4;
        x3 += 4;
      }
      const to = output + column;
      const bytes0 = requantize8(acc00, acc01, multiplier, lower, upper, offset);
      v128.store64_lane(to + row * columns, bytes0, 0);
      const bytes1 = requantize8(acc10, acc11, multiplier, lower, upper, offset);
      v128.store64_lane(to + row1 * columns, bytes1, 0);
      const bytes2 = requantize8(acc20, acc21, multiplier, lower, upper, offset);
      v128.store64_lane(to + row2 * columns, bytes2, 0);
      const bytes3 = requantize8(acc30, acc31, multiplier, lower, upper, offset);
      v128.store64_lane(to + row3 * columns, bytes3, 0);
    }
  }
}
