/** Ranges that give scales and zero points which some chips ask for. */
import { BYTE_MAX } from '../params/quantization.ts';
import type { ObservedRange } from './observed_range.ts';
import type { Recipe } from './recipe.ts';

/** The least range that contains the other one and whose zero point is 128. */
export function symmetricRange({ min, max }: ObservedRange): ObservedRange {
  const reach = Math.max(-min, (max * 128) / 127, 0);
  return { min: -reach, max: (reach * 127) / 128 };
}

/** The least range that contains the other one and whose scale is a power of two. */
export function powerOfTwoRange({ min, max }: ObservedRange): ObservedRange {
  const low = Math.min(min, 0);
  const high = Math.max(max, 0);
  if (low === high) return { min, max };
  const scale = 2 ** Math.ceil(Math.log2((high - low) / BYTE_MAX));
  // Of a symmetric range, both sides grow.
  const factor = (scale * BYTE_MAX) / (high - low);
  return { min: low * factor, max: high * factor };
}

/** A scale that a bias may have raised: again a power of two where that is asked for. */
export function inForm(scale: number, scales: Recipe['scales']): number {
  return scales === undefined ? scale : 2 ** Math.ceil(Math.log2(scale));
}
