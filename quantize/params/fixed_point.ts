/** A real number > 0 in fixed point: mantissa · 2^(shift − 31). */
export interface FixedPoint {
  /** In [2³⁰, 2³¹), or 0 of a number that is too small for a shift. */
  readonly mantissa: number;
  /** In [−31, 30]. */
  readonly shift: number;
}

const MANTISSA_BITS = 31;
const LEAST_SHIFT = -31;

/**
 * A single > 0 in fixed point, exactly (its mantissa has 24 bits), as TFLite's QuantizeMultiplier has it;
 * what lies below 2⁻³² is 0.
 */
export function fixedPoint(value: number): FixedPoint {
  let shift = 0;
  let mantissa = value;
  // Powers of two are exact in double.
  for (; mantissa < 0.5; shift--) mantissa *= 2;
  for (; mantissa >= 1; shift++) mantissa /= 2;
  if (shift < LEAST_SHIFT) return { mantissa: 0, shift: 0 };
  return { mantissa: mantissa * 2 ** MANTISSA_BITS, shift };
}

/**
 * An integer times a number in fixed point, rounded twice, as TFLite's MultiplyByQuantizedMultiplier does
 * with gemmlowp's roundings: to a multiple of 2^shift with ties upwards (shift below 0), then to an integer
 * with ties away from 0. Doubles hold it exactly: the product has at most 17 + 24 significant bits.
 * @param x |x| < 2¹⁷, and |x| · 2^shift < 2³¹
 */
export function multiplyFixedPoint(x: number, { mantissa, shift }: FixedPoint): number {
  const high = Math.floor((x * 2 ** Math.max(shift, 0) * mantissa) / 2 ** MANTISSA_BITS + 0.5);
  const rounded = Math.floor(Math.abs(high) / 2 ** Math.max(-shift, 0) + 0.5);
  return high < 0 ? 0 - rounded : rounded;
}
