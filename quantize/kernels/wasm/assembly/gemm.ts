import { storeUpTo8 } from './bytes';
import { PAIR_BYTES, TILE_ROWS } from './im2col';
import { HIGH, LOWER, OFFSET } from './records';
import { requantize8 } from './requantize';

/** Columns of a panel. */
export const LANES: i32 = 8;

/**
 * Accumulators of a tile: five rows times a panel of 8 columns.
 *
 * tile: [pairs, 5, 2] i16, 0 … 255 (see im2col.ts). panel: [pairs, 8, 2] i16, wq − wz, up to panelEnd.
 * bias: [8] i32, multipliers behind it. accumulators: [5, 8] i32.
 *
 * dot_i16x8_s is exact: |255 · 255| · 2 < 2³¹.
 *
 * 5 × 8 accumulators, two vectors of weights, one of bytes and one product are 13 of the 15 registers
 * that V8 hands out on x86-64, as long as this is a function of its own: `index.ts` exports it, since
 * Binaryen would merge it into its caller and reorder its locals, and V8 would spill.
 */
export function multiplyTile(
  tile: usize,
  panel: usize,
  panelEnd: usize,
  bias: usize,
  accumulators: usize,
): void {
  let acc00 = v128.load(bias);
  let acc01 = v128.load(bias, 16);
  let acc10 = acc00;
  let acc11 = acc01;
  let acc20 = acc00;
  let acc21 = acc01;
  let acc30 = acc00;
  let acc31 = acc01;
  let acc40 = acc00;
  let acc41 = acc01;
  while (panel < panelEnd) {
    const w0 = v128.load(panel);
    const w1 = v128.load(panel, 16);
    const x0 = v128.load32_splat(tile);
    acc00 = i32x4.add(acc00, i32x4.dot_i16x8_s(x0, w0));
    acc01 = i32x4.add(acc01, i32x4.dot_i16x8_s(x0, w1));
    const x1 = v128.load32_splat(tile, 4);
    acc10 = i32x4.add(acc10, i32x4.dot_i16x8_s(x1, w0));
    acc11 = i32x4.add(acc11, i32x4.dot_i16x8_s(x1, w1));
    const x2 = v128.load32_splat(tile, 8);
    acc20 = i32x4.add(acc20, i32x4.dot_i16x8_s(x2, w0));
    acc21 = i32x4.add(acc21, i32x4.dot_i16x8_s(x2, w1));
    const x3 = v128.load32_splat(tile, 12);
    acc30 = i32x4.add(acc30, i32x4.dot_i16x8_s(x3, w0));
    acc31 = i32x4.add(acc31, i32x4.dot_i16x8_s(x3, w1));
    const x4 = v128.load32_splat(tile, 16);
    acc40 = i32x4.add(acc40, i32x4.dot_i16x8_s(x4, w0));
    acc41 = i32x4.add(acc41, i32x4.dot_i16x8_s(x4, w1));
    tile += PAIR_BYTES;
    panel += LANES * 4;
  }
  v128.store(accumulators, acc00);
  v128.store(accumulators, acc01, 16);
  v128.store(accumulators, acc10, 32);
  v128.store(accumulators, acc11, 48);
  v128.store(accumulators, acc20, 64);
  v128.store(accumulators, acc21, 80);
  v128.store(accumulators, acc30, 96);
  v128.store(accumulators, acc31, 112);
  v128.store(accumulators, acc40, 128);
  v128.store(accumulators, acc41, 144);
}

/**
 * output[r, m] = requantize(bias[m] + Σₖ x[r, k] · filter[k, m]) for `rows` rows in tiles of five and
 * one panel of 8 columns, of which the first `columns` are stored.
 *
 * tiles: [⌈rows / 5⌉, pairs, 5, 2] i16. panel: [pairs, 8, 2] i16, zeros in the columns past the last.
 * bias: [8] i32 with − zx · Σ (wq − wz) added by the caller; sums wrap modulo 2³², so that this changes
 * nothing as long as the accumulator itself fits int32. Behind it the multipliers, [8] f32.
 * accumulators: room of `multiplyTile`.
 */
export function gemmPanel(
  step: usize,
  tiles: usize,
  rows: i32,
  pairs: i32,
  panel: usize,
  bias: usize,
  accumulators: usize,
  output: usize,
  outputStride: i32,
  columns: i32,
): void {
  const panelEnd = panel + pairs * (LANES * 4);
  const multipliers0 = v128.load(bias, 32);
  const multipliers1 = v128.load(bias, 48);
  const lower = v128.load32_splat(step, LOWER);
  const high = v128.load16_splat(step, HIGH);
  const offset = v128.load32_splat(step, OFFSET);
  for (let row = 0; row < rows; row += TILE_ROWS) {
    const count = min(rows - row, TILE_ROWS);
    if (count == 1) multiplyRow(tiles, panel, panelEnd, bias, accumulators);
    else multiplyTile(tiles, panel, panelEnd, bias, accumulators);
    tiles += pairs * PAIR_BYTES;
    const end = accumulators + count * (LANES * 4);
    let at = accumulators;
    if (columns >= LANES) {
      // Two rows share an instruction that narrows.
      for (; at + LANES * 4 < end; at += LANES * 8) {
        const words = requantize8(
          v128.load(at),
          v128.load(at, 16),
          multipliers0,
          multipliers1,
          lower,
          high,
          offset,
        );
        const next = requantize8(
          v128.load(at, 32),
          v128.load(at, 48),
          multipliers0,
          multipliers1,
          lower,
          high,
          offset,
        );
        const bytes = i8x16.narrow_i16x8_u(words, next);
        v128.store64_lane(output, bytes, 0);
        v128.store64_lane(output + outputStride, bytes, 1);
        output += 2 * outputStride;
      }
    }
    for (; at < end; at += LANES * 4) {
      const words = requantize8(
        v128.load(at),
        v128.load(at, 16),
        multipliers0,
        multipliers1,
        lower,
        high,
        offset,
      );
      const bytes = i8x16.narrow_i16x8_u(words, words);
      if (columns >= LANES) v128.store64_lane(output, bytes, 0);
      else storeUpTo8(output, bytes, columns);
      output += outputStride;
    }
  }
}

/** `multiplyTile` of the first row alone: a fully connected layer of one image has no other. */
function multiplyRow(
  tile: usize,
  panel: usize,
  panelEnd: usize,
  bias: usize,
  accumulators: usize,
): void {
  let acc0 = v128.load(bias);
  let acc1 = v128.load(bias, 16);
  while (panel < panelEnd) {
    const pair = v128.load32_splat(tile);
    acc0 = i32x4.add(acc0, i32x4.dot_i16x8_s(pair, v128.load(panel)));
    acc1 = i32x4.add(acc1, i32x4.dot_i16x8_s(pair, v128.load(panel, 16)));
    tile += PAIR_BYTES;
    panel += LANES * 4;
  }
  v128.store(accumulators, acc0);
  v128.store(accumulators, acc1, 16);
}
