import { expected } from './errors.ts';
import { clamp } from './rounding.ts';

/** The rules by which accumulators become bytes, by the names that model files record (eq. 5 and 16). */
export const ROUNDINGS = [
  'f32-multiply-round-half-even',
  'double-rounding',
  'shift-round',
  'power-of-two',
] as const;

export type RoundingName = (typeof ROUNDINGS)[number];

/** LiteRT's by default, and ours. */
export const DEFAULT_ROUNDING = 'f32-multiply-round-half-even' satisfies RoundingName;

/** A multiplier of integers: mantissa · 2^(exponent − 31). */
export interface FixedMultiplier {
  /** In [2³⁰, 2³¹), or 0 with exponent 0 where the multiplier is below 2⁻³². */
  readonly mantissa: number;
  /** At most 30. */
  readonly exponent: number;
}

const HALF_MANTISSA = 2 ** 30;
const LEAST_EXPONENT = -31;
const MOST_EXPONENT = 30;
const INT32_MAX = 2 ** 31 - 1;

/** What is beyond every bound, as a rounded result. */
const BEYOND = 2 ** 30;

/** @throws QuantizationError where the name is that of no rule */
export function requireRounding(name: string): RoundingName {
  const found = ROUNDINGS.find((known) => known === name);
  if (found !== undefined) return found;
  throw expected(`one of ${ROUNDINGS.join(', ')}`, 'the profile of rounding', name);
}

/**
 * The 31 bits nearest to a multiplier > 0, halves up: what TFLite's QuantizeMultiplier makes of it. The
 * mantissa is off by at most ½, so the multiplier by at most the share 2⁻³¹.
 */
export function fixedMultiplier(multiplier: number): FixedMultiplier {
  let exponent = 0;
  let mantissa = multiplier;
  // Powers of two are exact in double.
  for (; mantissa >= 1; exponent++) mantissa /= 2;
  for (; mantissa < 0.5; exponent--) mantissa *= 2;
  // mantissa · 2³¹ < 2³¹ has at most 22 bits behind the point: adding a half is exact.
  let rounded = Math.floor(mantissa * 2 ** 31 + 0.5);
  if (rounded === 2 ** 31) {
    rounded = HALF_MANTISSA;
    exponent++;
  }
  if (exponent < LEAST_EXPONENT) return { mantissa: 0, exponent: 0 };
  if (exponent > MOST_EXPONENT) return { mantissa: INT32_MAX, exponent: MOST_EXPONENT };
  return { mantissa: rounded, exponent };
}

/**
 * An accumulator at the output's scale by a rule of integers, before the zero point is added (eq. 16). What is
 * beyond ±2³⁰ may come out as ±2³⁰: it is beyond every bound.
 */
export function roundFixed(
  accumulator: number,
  { mantissa, exponent }: FixedMultiplier,
  rounding: Exclude<RoundingName, typeof DEFAULT_ROUNDING>,
): number {
  switch (rounding) {
    case 'double-rounding':
      return doubleRounded(accumulator, mantissa, exponent);
    case 'shift-round':
    case 'power-of-two': // a mantissa of 2³⁰: (acc + 2^(n − 1)) >> n
      return shiftRounded(accumulator, mantissa, 31 - exponent);
  }
}

/**
 * ⌊a · mantissa / 2¹⁶⌋, exact: a · mantissa has 62 bits, more than a double holds, but a times either half of the
 * mantissa has 47 at most.
 */
function highProduct(a: number, mantissa: number): number {
  const high = Math.floor(mantissa / 2 ** 16);
  const low = mantissa - high * 2 ** 16;
  return a * high + Math.floor((a * low) / 2 ** 16);
}

/** ⌊(a · mantissa + 2^(shift − 1)) / 2^shift⌋: ties go up. */
function shiftRounded(a: number, mantissa: number, shift: number): number {
  // Below 2¹⁴ · |a| nothing of it is left between the bounds.
  if (shift < 17) return a === 0 || mantissa === 0 ? 0 : Math.sign(a) * BEYOND;
  // What ⌊ / 2¹⁶⌋ leaves is below 1: it changes no floor of multiples of integers.
  return Math.floor((highProduct(a, mantissa) + 2 ** (shift - 17)) / 2 ** (shift - 16));
}

/**
 * gemmlowp: SaturatingRoundingDoublingHighMul, whose ties go up, then RoundingDivideByPOT, whose ties go
 * away from 0.
 */
function doubleRounded(accumulator: number, mantissa: number, exponent: number): number {
  const a = clamp(accumulator * 2 ** Math.max(exponent, 0), -INT32_MAX - 1, INT32_MAX);
  const doubled = Math.floor((highProduct(a, mantissa) + 2 ** 14) / 2 ** 15);
  if (exponent >= 0) return doubled;
  const half = 2 ** (-exponent - 1);
  const magnitude = Math.floor((Math.abs(doubled) + half) / (2 * half));
  return doubled < 0 ? 0 - magnitude : magnitude;
}
