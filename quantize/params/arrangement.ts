import type { Padding } from './window.ts';

/** [height, width, channels] of one image. */
type Sides = readonly [number, number, number];

/** How an image's values get other places; rows are counted before columns, channels last. */
export type Arrangement =
  /** Zeros around an image. */
  | { readonly kind: 'pad'; readonly padding: Padding }
  /** From `begin` on every `strides`-th value along each axis. */
  | { readonly kind: 'slice'; readonly begin: Sides; readonly strides: Sides }
  /** Axis i of the output is axis `permutation[i]` of the input. */
  | { readonly kind: 'transpose'; readonly permutation: Sides }
  /** The same values in the same order. */
  | { readonly kind: 'reshape' }
  /** [H, W, b · b · C] → [H · b, W · b, C]: channel (i · b + j) · C + c goes to row i, column j of its block. */
  | { readonly kind: 'depthToSpace'; readonly block: number }
  /** The inverse of `depthToSpace`. */
  | { readonly kind: 'spaceToDepth'; readonly block: number }
  /** Each row and each column so many times. */
  | { readonly kind: 'repeat'; readonly times: readonly [number, number] };

/** Loops of an `ArrangementMap`. */
export const LOOPS = 5;

/**
 * An arrangement as five loops over the output, dense and row-major (eq. 11): the value at the indices i reads
 * the input at offset + Σ iₖ · stridesₖ where beginsₖ ≤ iₖ < endsₖ for every k, and is the fill elsewhere.
 */
export interface ArrangementMap {
  readonly sizes: readonly number[];
  readonly strides: readonly number[];
  readonly begins: readonly number[];
  readonly ends: readonly number[];
  readonly offset: number;
}

interface Loop {
  readonly size: number;
  readonly stride: number;
  readonly begin?: number;
  readonly end?: number;
}

/** @param output the output's shape, which must be that of the arrangement */
export function arrangementMap(
  arrangement: Arrangement,
  [height, width, channels]: Sides,
  output: Sides,
): ArrangementMap {
  const strides = [width * channels, channels, 1];
  switch (arrangement.kind) {
    case 'pad': {
      const { top, left } = arrangement.padding;
      return mapOf(
        [
          { size: output[0], stride: strides[0], begin: top, end: top + height },
          { size: output[1], stride: strides[1], begin: left, end: left + width },
          { size: channels, stride: 1 },
        ],
        -(top * strides[0] + left * strides[1]),
      );
    }
    case 'slice': {
      const { begin, strides: steps } = arrangement;
      const offset = begin.reduce((sum, first, axis) => sum + first * strides[axis], 0);
      return mapOf(
        output.map((size, axis) => ({ size, stride: strides[axis] * steps[axis] })),
        offset,
      );
    }
    case 'transpose':
      return mapOf(
        arrangement.permutation.map((axis, at) => ({ size: output[at], stride: strides[axis] })),
      );
    case 'reshape':
      return mapOf([{ size: height * width * channels, stride: 1 }]);
    case 'depthToSpace': {
      const { block } = arrangement;
      const depth = output[2];
      return mapOf([
        { size: height, stride: strides[0] },
        { size: block, stride: block * depth },
        { size: width, stride: channels },
        { size: block, stride: depth },
        { size: depth, stride: 1 },
      ]);
    }
    case 'spaceToDepth': {
      const { block } = arrangement;
      return mapOf([
        { size: output[0], stride: block * strides[0] },
        { size: output[1], stride: block * channels },
        { size: block, stride: strides[0] },
        { size: block, stride: channels },
        { size: channels, stride: 1 },
      ]);
    }
    case 'repeat': {
      const [rows, columns] = arrangement.times;
      return mapOf([
        { size: height, stride: strides[0] },
        { size: rows, stride: 0 },
        { size: width, stride: channels },
        { size: columns, stride: 0 },
        { size: channels, stride: 1 },
      ]);
    }
  }
}

/** Loops that step on evenly from one to the next become one; of five, the first ones take one step. */
function mapOf(loops: readonly Loop[], offset = 0): ArrangementMap {
  const merged: Loop[] = [];
  for (const loop of loops) {
    const before = merged.at(-1);
    const isWhole = [before, loop].every((each) => each !== undefined && each.end === undefined);
    if (before !== undefined && isWhole && before.stride === loop.stride * loop.size) {
      merged[merged.length - 1] = { size: before.size * loop.size, stride: loop.stride };
    } else merged.push(loop);
  }
  const one = { size: 1, stride: 0 };
  const all: Loop[] = [...Array<Loop>(LOOPS - merged.length).fill(one), ...merged];
  return {
    sizes: all.map(({ size }) => size),
    strides: all.map(({ stride }) => stride),
    begins: all.map(({ begin = 0 }) => begin),
    ends: all.map(({ size, end = size }) => end),
    offset,
  };
}
