import { clamp, roundHalfEven } from './rounding.ts';

/** A value as it is, or of the four around a place their mean, weighted by how near they are. */
export type ResizeMethod = 'nearest' | 'bilinear';

/**
 * Which place of the input a place of the output reads: (i + ½) · scale − ½ (`halfPixel`), i · scale
 * (`asymmetric`), or i · (size − 1) / (size' − 1) (`aligned`).
 */
export type ResizeCorners = 'halfPixel' | 'asymmetric' | 'aligned';

/** Numbers of a place in what `resizeTaps` gives. */
export const TAP_NUMBERS = 3;

/** A weight of eq. 13 is one of so many parts. */
export const WEIGHT_UNIT = 2 ** 11;

/**
 * For each of `count` places along an axis three numbers (eq. 13): the places of the input between which it
 * lies, and the second one's weight in [0, 2048]. In single precision, each operation rounded, as XNNPACK has it.
 * @param size places of the input
 */
export function resizeTaps(
  method: ResizeMethod,
  corners: ResizeCorners,
  size: number,
  count: number,
): Int32Array {
  const taps = new Int32Array(TAP_NUMBERS * count);
  const inner = corners === 'aligned' && count > 1 ? 1 : 0;
  const scale = Math.fround((size - inner) / (count - inner));
  const last = size - 1;
  for (let i = 0; i < count; i++) {
    const [first, second, weight] =
      method === 'nearest'
        ? nearest(nearestPlace(corners, i, scale), last)
        : between(bilinearPlace(corners, i, scale, last), last);
    taps.set([first, second, weight], TAP_NUMBERS * i);
  }
  return taps;
}

type Taps = readonly [first: number, second: number, weight: number];

function bilinearPlace(corners: ResizeCorners, i: number, scale: number, last: number): number {
  const place = Math.fround(i * scale);
  // Half of a single is exact.
  const offset = corners === 'halfPixel' ? Math.fround(0.5 * scale - 0.5) : 0;
  return clamp(Math.fround(place + offset), 0, last);
}

function between(place: number, last: number): Taps {
  const first = Math.floor(place);
  // Near each other or from 0 on, so their difference is exact.
  const weight = roundHalfEven((place - first) * WEIGHT_UNIT);
  return [first, Math.min(first + 1, last), weight];
}

function nearestPlace(corners: ResizeCorners, i: number, scale: number): number {
  const place = Math.fround((corners === 'halfPixel' ? i + 0.5 : i) * scale);
  return Math.floor(corners === 'aligned' ? place + 0.5 : place);
}

function nearest(place: number, last: number): Taps {
  const at = clamp(place, 0, last);
  return [at, at, 0];
}
