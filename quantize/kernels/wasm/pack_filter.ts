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
}

/** A filter in linear memory, as the kernels read it. */
export interface PackedFilter {
  /** [⌈columns / 8⌉, pairs, 8, 2] i16: wq − wz of rows 2p and 2p + 1; zeros where there is none. */
  readonly address: number;
  /** ⌈depth / 2⌉ */
  readonly pairs: number;
  /** [columns] int32: Σ over the rows of wq − wz. */
  readonly sums: Int32Array;
}

export function packedBytes({ depth, columns }: FilterMatrix): number {
  return Math.ceil(columns / LANES) * Math.ceil(depth / 2) * LANES * 4;
}

/** Packs a filter at `address`, where `packedBytes` bytes are free. */
export function packFilter(arena: Arena, address: number, matrix: FilterMatrix): PackedFilter {
  const { filter, zeroPoint, depth, columns } = matrix;
  const pairs = Math.ceil(depth / 2);
  const { int16s } = arena;
  int16s.fill(0, address / 2, (address + packedBytes(matrix)) / 2);
  const sums = new Int32Array(columns);
  for (let k = 0; k < depth; k++) {
    for (let m = 0; m < columns; m++) {
      const weight = filter[k * columns + m] - zeroPoint;
      const panel = Math.floor(m / LANES) * pairs + (k >> 1);
      int16s[address / 2 + (panel * LANES + (m % LANES)) * 2 + (k & 1)] = weight;
      sums[m] += weight;
    }
  }
  return { address, pairs, sums };
}
