import type { Arena } from './arena.ts';

/** Columns of a panel of the matrix product, channels of a chunk of the depthwise convolution. */
export const LANES = 8;

/** A filter as a matrix [depth, columns] uint8 of wq. */
export interface FilterMatrix {
  readonly filter: Uint8Array;
  readonly zeroPoint: number;
  /** kh · kw · C; kh · kw of a depthwise filter. */
  readonly depth: number;
  /** M; C · depthMultiplier of a depthwise filter. */
  readonly columns: number;
  /** kh of a depthwise filter, whose rows are packed in `windowOrder`; of no other. */
  readonly windowHeight?: number;
  /** The filter in parts that are packed one after another, each with columns of its own; of no other. */
  readonly slices?: FilterSlices;
}

export interface FilterSlices {
  /** Says how the filter was divided: with the filter it is known by that. */
  readonly key: string;
  readonly matrices: readonly FilterMatrix[];
}

/** A filter in linear memory, as the kernels read it. */
export interface PackedFilter {
  /** [⌈columns / 8⌉, pairs, 8, 2] i16: wq − wz of two rows; zeros where there is none. */
  readonly address: number;
  /** ⌈depth / 2⌉, and two more of a 3 × 3 window. */
  readonly pairs: number;
  /** [columns] int32: Σ over the rows of wq − wz. */
  readonly sums: Int32Array;
  /** The parts, where the filter has some; then the rest is of none of them. */
  readonly slices?: readonly PackedFilter[];
}

/** No row: weight 0. */
const NONE = -1;

/** Behind the window's order: its last row for an output that begins one column later. */
const LATER_ROW_OF_3X3 = [NONE, 6, 7, 8];

/**
 * Positions of a window in the order of their pairs: of two rows those of a column, of a last row that
 * is alone those side by side. assembly/depthwise.ts has the same order.
 */
function windowOrder(height: number, width: number): readonly number[] {
  const order: number[] = [];
  for (let y = 0; y < height; y += 2) {
    for (let x = 0; x < width; x++) {
      order.push(y * width + x);
      if (y + 1 < height) order.push((y + 1) * width + x);
    }
  }
  return height === 3 && width === 3 ? [...order, NONE, ...LATER_ROW_OF_3X3] : order;
}

/** The rows of the packed pairs; first each row once. */
function packedRows({ depth, windowHeight }: FilterMatrix): readonly number[] {
  return windowHeight === undefined
    ? Array.from({ length: depth }, (_, k) => k)
    : windowOrder(windowHeight, depth / windowHeight);
}

function pairsOf(matrix: FilterMatrix): number {
  return Math.ceil(packedRows(matrix).length / 2);
}

export function packedBytes(matrix: FilterMatrix): number {
  if (matrix.slices !== undefined) {
    return matrix.slices.matrices.reduce((sum, slice) => sum + packedBytes(slice), 0);
  }
  return Math.ceil(matrix.columns / LANES) * pairsOf(matrix) * LANES * 4;
}

/** Packs a filter at `address`, where `packedBytes` bytes are free. */
export function packFilter(arena: Arena, address: number, matrix: FilterMatrix): PackedFilter {
  const { filter, zeroPoint, depth, columns } = matrix;
  if (matrix.slices !== undefined) {
    let at = address;
    const slices = matrix.slices.matrices.map((slice) => {
      const packed = packFilter(arena, at, slice);
      at += packedBytes(slice);
      return packed;
    });
    return { address, pairs: 0, sums: new Int32Array(0), slices };
  }
  const pairs = pairsOf(matrix);
  const { int16s } = arena;
  int16s.fill(0, address / 2, (address + packedBytes(matrix)) / 2);
  const sums = new Int32Array(columns);
  for (const [k, row] of packedRows(matrix).entries()) {
    if (row === NONE) continue;
    for (let m = 0; m < columns; m++) {
      const weight = filter[row * columns + m] - zeroPoint;
      const panel = Math.floor(m / LANES) * pairs + (k >> 1);
      int16s[address / 2 + (panel * LANES + (m % LANES)) * 2 + (k & 1)] = weight;
      if (k < depth) sums[m] += weight;
    }
  }
  return { address, pairs, sums };
}
