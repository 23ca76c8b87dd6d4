import { gemmPanel, LANES } from './gemm';
import { gatheredStride, packRows, packWindows, TILE_ROWS } from './im2col';
import { lookUpInPlace } from './lookup';
import { partBegin } from './parts';
import {
  BATCH,
  BIAS,
  BLOCK_TILES,
  CHANNELS,
  FILTER,
  FUSED_TABLE,
  INPUT,
  IS_MATRIX,
  OUTPUT,
  OUTPUT_CHANNELS,
  OUTPUT_HEIGHT,
  OUTPUT_WIDTH,
  PAIRS,
} from './records';

/** Threads divide the rows where each gets so many tiles; else the columns. */
const MIN_TILES: i32 = 4;

/** [5, 8] i32, as a multiple of a cache line. */
const ACCUMULATOR_BYTES: usize = 192;

/**
 * im2col and matrix product, a block of tiles at a time: the block stays in the L2 cache while every
 * panel of the filter, once in the L1 cache, goes over it. `scratch`: the accumulators of a tile;
 * five gathered rows, where the image is not the matrix; BLOCK_TILES tiles and the slack of `packTile`.
 */
export function convolution(
  step: usize,
  arena: usize,
  thread: i32,
  threads: i32,
  scratch: usize,
): void {
  const input = arena + load<i32>(step, INPUT);
  const columns = load<i32>(step, OUTPUT_CHANNELS);
  const pairs = load<i32>(step, PAIRS);
  const blockTiles = load<i32>(step, BLOCK_TILES);
  const filter = load<i32>(step, FILTER);
  const bias = load<i32>(step, BIAS);
  const isMatrix = load<i32>(step, IS_MATRIX);
  const table: usize = load<i32>(step, FUSED_TABLE);
  const gathered = scratch + ACCUMULATOR_BYTES;
  const block: usize = isMatrix ? gathered : gathered + TILE_ROWS * gatheredStride(step);

  let last =
    load<i32>(step, BATCH) * load<i32>(step, OUTPUT_HEIGHT) * load<i32>(step, OUTPUT_WIDTH);
  let firstRow = 0;
  let firstPanel = 0;
  let lastPanel = (columns + LANES - 1) / LANES;
  const tiles = (last + TILE_ROWS - 1) / TILE_ROWS;
  if (tiles >= MIN_TILES * threads) {
    firstRow = partBegin(tiles, thread, threads) * TILE_ROWS;
    last = min(partBegin(tiles, thread + 1, threads) * TILE_ROWS, last);
  } else {
    firstPanel = partBegin(lastPanel, thread, threads);
    lastPanel = partBegin(lastPanel, thread + 1, threads);
    if (firstPanel == lastPanel) return;
  }

  for (let row = firstRow; row < last; row += blockTiles * TILE_ROWS) {
    const end = min(row + blockTiles * TILE_ROWS, last);
    if (isMatrix) {
      packRows(input, load<i32>(step, CHANNELS), row, end, pairs, block);
    } else {
      packWindows(step, input, row, end, pairs, gathered, block);
    }
    const output = arena + load<i32>(step, OUTPUT) + row * columns;
    for (let panel = firstPanel; panel < lastPanel; panel++) {
      const column = panel * LANES;
      gemmPanel(
        step,
        block,
        end - row,
        pairs,
        filter + column * pairs * 4,
        bias + column * 4,
        scratch,
        output + column,
        columns,
        columns - column,
      );
    }
    if (table != 0) {
      const column = firstPanel * LANES;
      const length = min(lastPanel * LANES, columns) - column;
      for (let r = 0; r < end - row; r++) {
        lookUpInPlace(table, output + r * columns + column, length);
      }
    }
  }
}
