import { gemmPanel, LANES } from './gemm';
import { gatheredStride, packRows, packWindows, TILE_ROWS } from './im2col';
import { lookUpInPlace } from './lookup';
import { partBegin } from './parts';
import {
  BATCH,
  BIAS,
  BLOCK_TILES,
  FILTER,
  FUSED_TABLE,
  INPUT,
  INPUT_STEP,
  IS_MATRIX,
  OUTPUT,
  OUTPUT_CHANNELS,
  OUTPUT_HEIGHT,
  OUTPUT_IMAGE,
  OUTPUT_ROW,
  OUTPUT_STEP,
  OUTPUT_WIDTH,
  PAIRS,
  SLICE_COUNT,
  SLICES,
  STEP_BYTES,
} from './records';

/** Threads divide the rows where each gets so many tiles; else the columns. */
const MIN_TILES: i32 = 4;

/** [5, 8] i32, as a multiple of a cache line. */
const ACCUMULATOR_BYTES: usize = 192;

/**
 * im2col and matrix product. `scratch`: the accumulators of a tile; five gathered rows, where the image is
 * not the matrix; BLOCK_TILES tiles and the slack of `packTile`.
 */
export function convolution(
  step: usize,
  arena: usize,
  thread: i32,
  threads: i32,
  scratch: usize,
): void {
  const output = arena + load<i32>(step, OUTPUT);
  const panels = (load<i32>(step, OUTPUT_CHANNELS) + LANES - 1) / LANES;
  const height = load<i32>(step, OUTPUT_HEIGHT);
  const width = load<i32>(step, OUTPUT_WIDTH);
  const outputStep = load<i32>(step, OUTPUT_STEP);
  const outputRow = load<i32>(step, OUTPUT_ROW);
  const outputImage = load<i32>(step, OUTPUT_IMAGE);
  const lines = load<i32>(step, BATCH) * height;
  if (outputRow != width * outputStep || outputImage != height * outputRow) {
    const last = partBegin(lines, thread + 1, threads);
    for (let line = partBegin(lines, thread, threads); line < last; line++) {
      const to = output + (line / height) * outputImage + (line % height) * outputRow;
      convolveRows(step, arena, line * width, (line + 1) * width, 0, panels, to, scratch);
    }
    return;
  }
  const rows = lines * width;
  const tiles = (rows + TILE_ROWS - 1) / TILE_ROWS;
  if (tiles >= MIN_TILES * threads) {
    const first = partBegin(tiles, thread, threads) * TILE_ROWS;
    const last = min(partBegin(tiles, thread + 1, threads) * TILE_ROWS, rows);
    convolveRows(step, arena, first, last, 0, panels, output + first * outputStep, scratch);
  } else {
    const first = partBegin(panels, thread, threads);
    const last = partBegin(panels, thread + 1, threads);
    if (first < last) convolveRows(step, arena, 0, rows, first, last, output, scratch);
  }
}

/**
 * Rows [first, last) of the product and panels [firstPanel, lastPanel), into `output` from row `first` on, a
 * block of tiles at a time: the block stays in the L2 cache while every panel of the filter, once in the
 * L1 cache, goes over it.
 */
function convolveRows(
  step: usize,
  arena: usize,
  first: i32,
  last: i32,
  firstPanel: i32,
  lastPanel: i32,
  output: usize,
  scratch: usize,
): void {
  const input = arena + load<i32>(step, INPUT);
  const columns = load<i32>(step, OUTPUT_CHANNELS);
  const pairs = load<i32>(step, PAIRS);
  const blockRows = load<i32>(step, BLOCK_TILES) * TILE_ROWS;
  const filter = load<i32>(step, FILTER);
  const bias = load<i32>(step, BIAS);
  const isMatrix = load<i32>(step, IS_MATRIX);
  const table: usize = load<i32>(step, FUSED_TABLE);
  const outputStep = load<i32>(step, OUTPUT_STEP);
  const gathered = scratch + ACCUMULATOR_BYTES;
  const block: usize = isMatrix ? gathered : gathered + TILE_ROWS * gatheredStride(step);
  for (let row = first; row < last; row += blockRows) {
    const end = min(row + blockRows, last);
    if (isMatrix) {
      packRows(input, load<i32>(step, INPUT_STEP), row, end, pairs, block);
    } else {
      packWindows(step, input, row, end, pairs, gathered, block);
    }
    for (let panel = firstPanel; panel < lastPanel; panel++) {
      const column = panel * LANES;
      gemmPanel(
        step,
        block,
        end - row,
        pairs,
        filter + column * pairs * 4,
        bias + column * 8,
        scratch,
        output + (row - first) * outputStep + column,
        outputStep,
        columns - column,
      );
    }
    if (table != 0) {
      const column = firstPanel * LANES;
      const length = min(lastPanel * LANES, columns) - column;
      for (let r = row; r < end; r++) {
        lookUpInPlace(table, output + (r - first) * outputStep + column, length);
      }
    }
  }
}

/** Convolutions of parts of the tensors, one after another. */
export function slices(step: usize, arena: usize, thread: i32, threads: i32, scratch: usize): void {
  const first: usize = load<i32>(step, SLICES);
  const end = first + <usize>load<i32>(step, SLICE_COUNT) * STEP_BYTES;
  for (let slice = first; slice < end; slice += STEP_BYTES) {
    convolution(slice, arena, thread, threads, scratch);
  }
}
