import * as tf from '@tensorflow/tfjs';
import type { Parameters } from './parameters.ts';

/** Exponents of the ratios that eq. 9 has: [2⁻¹⁰, 2⁸). */
const [LEAST_EXPONENT, MOST_EXPONENT] = [-10, 7];

/** The bits of a multiplier that are used apart. */
const LOWER_BITS = 11;

/** 2⁻⁹ … 2⁷: a ratio's exponent is the number of those that it reaches, less 10. */
const POWERS = Array.from(
  { length: MOST_EXPONENT - LEAST_EXPONENT },
  (_, n) => 2 ** (LEAST_EXPONENT + 1 + n),
);

/** The scale of a sum as far as eq. 9 has it for inputs at these scales (`sumScales`). */
export function sumScale(own: tf.Tensor, a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const larger = a.maximum(b);
  return own.maximum(larger.mul(2 ** -MOST_EXPONENT)).minimum(larger.mul(2 ** -LEAST_EXPONENT));
}

/**
 * ⌊(a · A + b · B + 2^(shift − 1)) / 2^shift⌋ of eq. 9, exact in single precision: each multiplier is
 * 2¹¹ · upper + lower, so that a sum of products is below 2 · 255 · 2¹¹ < 2²⁰, and since shift ≥ 13,
 * ⌊total / 2^shift⌋ = ⌊⌊total / 2¹¹⌋ / 2^(shift − 11)⌋.
 * @param a differences from the zero point, integers of |a| ≤ 255; b alike
 * @returns the levels, and the same not rounded
 */
export function sumLevels(
  a: { readonly offsets: tf.Tensor; readonly parameters: Parameters },
  b: { readonly offsets: tf.Tensor; readonly parameters: Parameters },
  scaleOut: tf.Tensor,
  sign: 1 | -1,
): { readonly steps: tf.Tensor; readonly rounded: tf.Tensor } {
  const ratios = [a, b].map(({ parameters }) => parameters.scale.div(scaleOut));
  const larger = ratios[0].maximum(ratios[1]);
  // 2^shift = 2³⁰ for a ratio below 2⁻⁹, and half of it for each power that the ratio reaches.
  const halvings = tf.sub(1, larger.greaterEqual(tf.tensor1d(POWERS)).cast('float32').mul(0.5));
  const power = halvings.prod().mul(2 ** 30);
  const lower = 2 ** LOWER_BITS;
  const [multiplierA, multiplierB] = [
    ratios[0].mul(power).round(),
    ratios[1].mul(power).round().mul(sign),
  ];
  const upperA = multiplierA.div(lower).floor();
  const upperB = multiplierB.div(lower).floor();
  const upper = a.offsets.mul(upperA).add(b.offsets.mul(upperB));
  const rest = a.offsets
    .mul(multiplierA.sub(upperA.mul(lower)))
    .add(b.offsets.mul(multiplierB.sub(upperB.mul(lower))));
  const half = power.div(2 * lower);
  const rounded = rest.div(lower).floor().add(upper).add(half).div(power.div(lower)).floor();
  const steps = a.offsets.mul(ratios[0]).add(b.offsets.mul(ratios[1]).mul(sign));
  return { steps, rounded };
}
