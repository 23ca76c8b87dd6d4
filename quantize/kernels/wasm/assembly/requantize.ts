/** 1.5 · 2²³ as a single; an even integer. */
const ROUNDER: f32 = 12582912.0;

/**
 * eq. 5 for eight accumulators by their multipliers: i32x4 and f32x4, twice each → i16x8, 0 … 255. The other
 * arguments are splats of a step's fields: f32 low − zeroPoint, i16 high, i32 zeroPoint − bits(1.5 · 2²³).
 *
 * The results are those of clamp(roundHalfEven(y) + zeroPoint, low, high), y = f32(f32(acc) · m):
 * - convert_i32x4_s rounds half to even and mul is IEEE: y is the reference's y. It may be ±∞ but
 *   not NaN, since m is finite and acc is an integer.
 * - The lower bound first: L = low − zeroPoint is an integer, roundHalfEven is monotone and keeps
 *   integers, so roundHalfEven(max(y, L)) = max(roundHalfEven(y), L). Now y ≥ L ≥ −255.
 * - Rounding: where y < 2²², y + 1.5 · 2²³ is in [2²³, 2²⁴), where singles are the integers:
 *   the addition rounds half to even, also of y, since 1.5 · 2²³ is even. In that binade the bits
 *   count upwards by 1 for each integer: bits(y + 1.5 · 2²³) − bits(1.5 · 2²³) = roundHalfEven(y).
 * - The upper bound last: a larger y gives 2²⁴ at least, to infinity, and so bits from 2²² to
 *   2³⁰ above those of 1.5 · 2²³, since the bits of positive singles grow with them. Narrowing saturates
 *   them at 2¹⁵ − 1, and all that is above `high` becomes `high`.
 */
export function requantize8(
  accumulators0: v128,
  accumulators1: v128,
  multipliers0: v128,
  multipliers1: v128,
  lower: v128,
  high: v128,
  offset: v128,
): v128 {
  const rounder = f32x4.splat(ROUNDER);
  const y0 = f32x4.mul(f32x4.convert_i32x4_s(accumulators0), multipliers0);
  const y1 = f32x4.mul(f32x4.convert_i32x4_s(accumulators1), multipliers1);
  const q0 = i32x4.add(f32x4.add(f32x4.pmax(y0, lower), rounder), offset);
  const q1 = i32x4.add(f32x4.add(f32x4.pmax(y1, lower), rounder), offset);
  return i16x8.min_s(i16x8.narrow_i32x4_s(q0, q1), high);
}
