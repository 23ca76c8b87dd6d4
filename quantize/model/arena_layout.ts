import { alignUp } from '../params/align_up.ts';

/** Where the tensors of a network lie in one arena: those that are never alive together share bytes. */

/** A tensor, alive while nodes first … last run (both included). */
export interface Lifetime {
  readonly name: string;
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

export interface ArenaLayout {
  readonly bytes: number;
  readonly offsets: ReadonlyMap<string, number>;
}

/** No two tensors share one, and vectors do not straddle two. */
const CACHE_LINE = 64;

/**
 * Greedy by size: the largest tensor first, each at the lowest offset where it meets no tensor that is
 * alive at the same time (Pisarchyk and Lee, arXiv 2001.03288). Zero-sized tensors are legal.
 * @param alignment bytes of which each offset is a multiple, a cache line unless given
 */
export function layOutArena(tensors: readonly Lifetime[], alignment = CACHE_LINE): ArenaLayout {
  const placed: (Lifetime & { readonly offset: number; readonly end: number })[] = [];
  for (const tensor of tensors.toSorted((a, b) => b.bytes - a.bytes || a.first - b.first)) {
    const meets = placed
      .filter(({ first, last }) => first <= tensor.last && tensor.first <= last)
      .sort((a, b) => a.offset - b.offset);
    const length = alignUp(tensor.bytes, alignment);
    let offset = 0;
    for (const other of meets) {
      if (offset + length <= other.offset) break;
      offset = Math.max(offset, other.end);
    }
    placed.push({ ...tensor, offset, end: offset + length });
  }
  return {
    bytes: placed.reduce((most, { end }) => Math.max(most, end), 0),
    offsets: new Map(placed.map(({ name, offset }) => [name, offset])),
  };
}
