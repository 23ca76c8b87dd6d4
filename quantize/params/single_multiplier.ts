/** A single-precision number > 0 as integers: mantissa / 2^shift. */
export interface SingleMultiplier {
  /** In [2²³, 2²⁴). */
  readonly mantissa: number;
  /** In [−104, 172]; below 0 the mantissa is multiplied. */
  readonly shift: number;
}

const MANTISSA_BITS = 24;

/**
 * The integers of a multiplier of eq. 5, exactly: hardware without floating point multiplies by the
 * mantissa and shifts.
 * @param multiplier a single > 0
 */
export function singleMultiplier(multiplier: number): SingleMultiplier {
  let shift = MANTISSA_BITS - 1;
  let mantissa = multiplier;
  // Powers of two are exact in double, which every scaled single fits.
  for (; mantissa < 1; shift++) mantissa *= 2;
  for (; mantissa >= 2; shift--) mantissa /= 2;
  return { mantissa: mantissa * 2 ** (MANTISSA_BITS - 1), shift };
}
