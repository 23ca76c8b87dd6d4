import type { Arena } from './arena.ts';

/** Columns of a panel of the matrix product, channels of a chunk of the depthwise convolution. */
export const LANES = 8;

/** A filter in linear memory, as the kernels read it. */
export interface PackedFilter {
  /** [⌈columns / 8⌉, pairs, 8, 2] i16: wq − wz of rows 2p and 2p + 1; zeros where there is none. */
  readonly address: number;
  /** ⌈depth / 2⌉ */
  readonly pairs: number;
  readonly zeroPoint: number;
  /** Rows of the filter as a matrix: kh · kw · C; kh · kw of a depthwise filter. */
  readonly depth: number;
  /** M; C · depthMultiplier of a depthwise filter. */
  readonly columns: number;
  /** [columns] int32: Σ over the rows of wq − wz. */
  readonly sums: Int32Array;
}

/**
 * Packs each filter once. A filter is known by the identity of its Uint8Array: its bytes must not
 * change as long as it is used, and a view made anew for each call is packed anew each time.
 *
 * Lifetime: an entry lives until its instance is dropped or until the packed filters would exceed
 * `capacityBytes` together; then all are forgotten and packed again as they are used. A single
 * filter larger than that is kept alone.
 */
export class FilterCache {
  readonly #arena: Arena;
  readonly #capacityBytes: number;
  #entries = new WeakMap<Uint8Array, PackedFilter>();

  constructor(arena: Arena, capacityBytes: number) {
    this.#arena = arena;
    this.#capacityBytes = capacityBytes;
  }

  /** The filter [depth, columns] uint8, packed; call it before the call's scratch is allocated. */
  packed(filter: Uint8Array, zeroPoint: number, depth: number, columns: number): PackedFilter {
    const found = this.#entries.get(filter);
    if (found?.zeroPoint === zeroPoint && found.depth === depth && found.columns === columns) {
      return found;
    }
    const pairs = Math.ceil(depth / 2);
    const length = Math.ceil(columns / LANES) * pairs * LANES * 4;
    if (this.#arena.keptBytes + length > this.#capacityBytes) {
      this.#entries = new WeakMap();
      this.#arena.forgetKept();
    }
    const address = this.#arena.keep(length);
    const { int16s } = this.#arena;
    int16s.fill(0, address / 2, (address + length) / 2);
    const sums = new Int32Array(columns);
    for (let k = 0; k < depth; k++) {
      for (let m = 0; m < columns; m++) {
        const weight = filter[k * columns + m] - zeroPoint;
        const panel = Math.floor(m / LANES) * pairs + (k >> 1);
        int16s[address / 2 + (panel * LANES + (m % LANES)) * 2 + (k & 1)] = weight;
        sums[m] += weight;
      }
    }
    const packed = { address, pairs, zeroPoint, depth, columns, sums };
    this.#entries.set(filter, packed);
    return packed;
  }
}
