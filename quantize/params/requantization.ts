import { expected, QuantizationError } from './errors.ts';
import {
  accumulatorScale,
  BYTE_MAX,
  type QuantizationParams,
  quantize,
  requireScale,
} from './quantization.ts';
import { clamp, roundHalfEven } from './rounding.ts';
import { DEFAULT_ROUNDING, type RoundingName } from './roundings.ts';

/**
 * The multiplier by a rule of rounding: eq. 5's, a single, or that of eq. 16, a double.
 * @throws QuantizationError as `requantizeMultiplier`; where the rule is power-of-two and the multiplier is none
 */
export function multiplierFor(
  rounding: RoundingName,
  scaleIn: number,
  scaleWeight: number,
  scaleOut: number,
): number {
  const single = requantizeMultiplier(scaleIn, scaleWeight, scaleOut);
  if (rounding === DEFAULT_ROUNDING) return single;
  const multiplier = (scaleIn * scaleWeight) / scaleOut;
  if (rounding === 'power-of-two' && !Number.isInteger(Math.log2(multiplier))) {
    throw new QuantizationError(
      `Expected a multiplier that is a power of two for the profile power-of-two but received ${scaleIn} · ${scaleWeight} / ${scaleOut}`,
      { remedy: 'Quantize with this profile: the scales become powers of two.' },
    );
  }
  return multiplier;
}

/**
 * f32(f32(scaleIn · scaleWeight) / scaleOut) (eq. 5).
 * @throws QuantizationError unless the scales, their product and the multiplier are normal singles
 */
export function requantizeMultiplier(
  scaleIn: number,
  scaleWeight: number,
  scaleOut: number,
): number {
  const scale = accumulatorScale(scaleIn, scaleWeight);
  requireScale('scaleOut', scaleOut);
  const multiplier = Math.fround(scale / scaleOut);
  requireScale(`the multiplier ${scaleIn} · ${scaleWeight} / ${scaleOut}`, multiplier);
  return multiplier;
}

/**
 * From the int32 accumulator to the byte (eq. 5):
 * clamp(roundHalfEven(f32(f32(acc) · f32(multiplier))) + zeroPointOut, low, high).
 *
 * f32(acc) itself rounds half to even where |acc| > 2²⁴, as cvtepi32_ps and
 * f32x4.convert_i32x4_s do. The product of two singles is exact in double (24 + 24 ≤ 53 bits), so
 * the outer `Math.fround` is the one rounding of an IEEE single multiplication.
 */
export function requantize(
  accumulator: number,
  multiplier: number,
  zeroPointOut: number,
  low: number,
  high: number,
): number {
  const scaled = Math.fround(Math.fround(accumulator) * Math.fround(multiplier));
  return clamp(roundHalfEven(scaled) + zeroPointOut, low, high);
}

export type ActivationKind = 'linear' | 'relu' | 'relu6';

/** Bounds of the output byte, 0 ≤ low ≤ high ≤ 255. */
export interface ActivationBounds {
  readonly low: number;
  readonly high: number;
}

/** The bytes of 0 and 6 as bounds: ReLU and ReLU6 are clamps of the output byte (eq. 5). */
export function activationBounds(
  kind: ActivationKind,
  output: QuantizationParams,
): ActivationBounds {
  switch (kind) {
    case 'linear':
      return { low: 0, high: BYTE_MAX };
    case 'relu':
      return { low: quantize(0, output), high: BYTE_MAX };
    case 'relu6':
      return { low: quantize(0, output), high: quantize(6, output) };
    default:
      throw expected('"linear", "relu" or "relu6"', 'the kind of activation', kind);
  }
}
