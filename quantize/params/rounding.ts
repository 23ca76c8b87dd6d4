/** 2⁵²: doubles of at least this size are integers. */
const TWO_52 = 2 ** 52;

/**
 * Rounds to the nearest integer, ties to the even one (IEEE 754 roundTiesToEven); exact for every
 * double. Zero comes out as +0; NaN and ±Infinity come out unchanged.
 *
 * For |x| < 2⁵² the sum |x| + 2⁵² lies in [2⁵², 2⁵³], where doubles are the integers: the addition
 * itself rounds half to even, and taking 2⁵² (even) away again is exact and keeps the parity.
 */
export function roundHalfEven(x: number): number {
  const magnitude = Math.abs(x);
  if (!(magnitude < TWO_52)) return x;
  const rounded = magnitude + TWO_52 - TWO_52;
  return x < 0 ? 0 - rounded : rounded;
}

/** The nearest value to `x` in [low, high]; `x` is not NaN and low ≤ high. */
export function clamp(x: number, low: number, high: number): number {
  return Math.min(Math.max(x, low), high);
}
