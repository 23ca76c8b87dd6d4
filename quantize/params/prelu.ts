import { QuantizationError } from './errors.ts';
import { type FixedPoint, fixedPoint, multiplyFixedPoint } from './fixed_point.ts';
import { accumulatorScale, BYTE_MAX, requireScale } from './quantization.ts';
import { clamp } from './rounding.ts';

/** What eq. 12 multiplies by. */
export interface PreluMultipliers {
  /** f32(scaleIn / scaleOut), of values from 0 on. */
  readonly positive: FixedPoint;
  /** f32(f32(scaleIn · scaleAlpha) / scaleOut), of products with α. */
  readonly negative: FixedPoint;
}

/** |x − zx| ≤ 255 and |(x − zx) · (α − zα)| ≤ 255²; times 2^shift they fit int32. */
const [POSITIVE_SHIFT, NEGATIVE_SHIFT] = [22, 14];

/** @throws QuantizationError unless the scales are normal singles and no product leaves int32 */
export function preluMultipliers(
  scaleIn: number,
  scaleAlpha: number,
  scaleOut: number,
): PreluMultipliers {
  requireScale('scaleIn', scaleIn);
  requireScale('scaleOut', scaleOut);
  const product = accumulatorScale(scaleIn, scaleAlpha);
  const positive = fixedPoint(Math.fround(scaleIn / scaleOut));
  const negative = fixedPoint(Math.fround(product / scaleOut));
  if (positive.shift > POSITIVE_SHIFT || negative.shift > NEGATIVE_SHIFT) {
    throw new QuantizationError(
      `Expected an output scale of a PReLU that its input's fits but they are ${scaleOut} and ${scaleIn}, that of its slopes is ${scaleAlpha}`,
      { remedy: 'Calibrate with images that the network was made for.' },
    );
  }
  return { positive, negative };
}

/**
 * eq. 12: the byte of one value.
 * @param x q − zeroPointIn
 * @param alpha the slope's byte less its zero point
 */
export function preluByte(
  x: number,
  alpha: number,
  { positive, negative }: PreluMultipliers,
  zeroPointOut: number,
): number {
  const value = x >= 0 ? multiplyFixedPoint(x, positive) : multiplyFixedPoint(x * alpha, negative);
  return clamp(value + zeroPointOut, 0, BYTE_MAX);
}
