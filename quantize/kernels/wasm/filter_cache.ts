import type { Arena } from './arena.ts';
import { type FilterMatrix, type PackedFilter, packedBytes, packFilter } from './pack_filter.ts';

interface Entry {
  readonly matrix: FilterMatrix;
  readonly packed: PackedFilter;
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
  private readonly arena: Arena;
  private readonly capacityBytes: number;
  private entries = new WeakMap<Uint8Array, Entry>();

  constructor(arena: Arena, capacityBytes: number) {
    this.arena = arena;
    this.capacityBytes = capacityBytes;
  }

  /** The filter, packed; call it before the call's scratch is allocated. */
  packed(matrix: FilterMatrix): PackedFilter {
    const { filter, zeroPoint, depth, columns, windowHeight, slices } = matrix;
    const found = this.entries.get(filter);
    if (
      found?.matrix.zeroPoint === zeroPoint &&
      found.matrix.depth === depth &&
      found.matrix.columns === columns &&
      found.matrix.windowHeight === windowHeight &&
      found.matrix.slices?.key === slices?.key
    ) {
      return found.packed;
    }
    const length = packedBytes(matrix);
    if (this.arena.keptBytes + length > this.capacityBytes) {
      this.entries = new WeakMap();
      this.arena.forgetKept();
    }
    const packed = packFilter(this.arena, this.arena.keep(length), matrix);
    this.entries.set(filter, { matrix, packed });
    return packed;
  }
}
