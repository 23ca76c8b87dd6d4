import * as tf from '@tensorflow/tfjs';

/** Where `fixedPoint` has shifts below 0: for factors below ½, down to 2⁻³². */
const HALVES_BELOW = 31;

/** A factor's bits behind the point, and those of a half of it. */
const [FRACTION_BITS, HALF_BITS] = [24, 12];

/** Bits of the lower part of an integer factor. */
const LOWER_BITS = 8;

/** 2⁻¹, 2⁻², … 2⁻³¹ */
const POWERS = Array.from({ length: HALVES_BELOW }, (_, n) => 2 ** -(n + 1));

/**
 * times(x, factor) of eq. 12, exact in single precision: integers x of |x| < 2¹⁶ by a scalar > 0. A factor
 * below ½ is doubled until it is not, and the rounded product halved as often and rounded again.
 */
export function fixedPointProduct(x: tf.Tensor, factor: tf.Tensor): tf.Tensor {
  const doublings = factor.less(tf.tensor1d(POWERS)).cast('float32').add(1).prod();
  const mantissa = factor.mul(doublings);
  const whole = mantissa.floor();
  const high = x.mul(whole).add(roundedFraction(x, mantissa.sub(whole)));
  const halved = high.abs().div(doublings).add(0.5).floor();
  return halved.mul(high.sign());
}

/**
 * ⌊x · fraction + ½⌋ for a fraction in [0, 1) of 24 bits: with x = 2⁸ · p + q and 2²⁴ · fraction =
 * 2¹² · u + v, each product of two parts is below 2²¹, and what is below a part is added as its floor.
 */
function roundedFraction(x: tf.Tensor, fraction: tf.Tensor): tf.Tensor {
  const half = 2 ** HALF_BITS;
  const lower = 2 ** LOWER_BITS;
  const bits = fraction.mul(2 ** FRACTION_BITS);
  const u = bits.div(half).floor();
  const v = bits.sub(u.mul(half));
  const p = x.div(lower).floor();
  const q = x.sub(p.mul(lower));
  // In units of 2⁸, 2¹² and 2²⁰ of 2⁻²⁴; the half is 2¹⁵ of the first.
  const least = p
    .mul(v)
    .add(q.mul(v).div(lower).floor())
    .add(2 ** (FRACTION_BITS - 1 - LOWER_BITS));
  const middle = q.mul(u).add(least.div(half / lower).floor());
  const most = p.mul(u).add(middle.div(lower).floor());
  return most.div(half / lower).floor();
}
