/** Eq. 1 and 2 of quantize/params/README.md in single precision, within a function that may be compiled. */
import * as tf from '@tensorflow/tfjs';

/** Scale and zero point of a tensor, scalars. */
export interface Parameters {
  readonly scale: tf.Tensor;
  readonly zeroPoint: tf.Tensor;
}

/** The largest byte. */
const BYTE_MAX = 255;

/** 2¹² + 1: what splits a single into halves of 12 bits (Veltkamp). */
const SPLITTER = 4097;

/** The parameters of a range [min, max], [2]: eq. 1, whose width is multiplied by f32(1 / 255). */
export function parametersOf(range: tf.Tensor): Parameters {
  const [min, max] = tf.unstack(range);
  const low = min.minimum(0);
  const width = max.maximum(0).sub(low);
  // A range of width 0 has the scale 1.
  const scale = width.mul(1 / BYTE_MAX).add(width.lessEqual(0).cast('float32'));
  return { scale, zeroPoint: low.neg().div(scale).round().clipByValue(0, BYTE_MAX) };
}

/**
 * The integer nearest to x / scale, ties to even, as exact arithmetic has it: of |x / scale| < 2¹¹, what is
 * larger only stays so. f32(x / scale) is on the right side of every tie k + ½, or the tie itself; then the sign of
 * x − scale · (k + ½) says on which side the exact quotient lies. k + ½ has 12 bits, as each half of the scale
 * has, so both products are exact, and so is the first difference, of numbers within a factor of 2.
 */
export function roundedQuotient(x: tf.Tensor, scale: tf.Tensor): tf.Tensor {
  const quotient = x.div(scale);
  const large = scale.mul(SPLITTER);
  const high = large.sub(large.sub(scale));
  const low = scale.sub(high);
  const rest = x.sub(quotient.mul(high)).sub(quotient.mul(low));
  const isTie = quotient.sub(quotient.floor()).equal(0.5).cast('float32');
  return quotient.add(isTie.mul(rest.sign()).mul(0.25)).round();
}
