/** Exact rational arithmetic on bigints: an oracle that shares no step with quantize/params/. */

export interface Fraction {
  readonly numerator: bigint;
  /** > 0 */
  readonly denominator: bigint;
}

/** The value of a finite double, from its bits. */
export function fractionOf(x: number): Fraction {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  const bits = view.getBigUint64(0);
  const exponent = (bits >> 52n) & 0x7ffn;
  const fraction = bits & 0xfffffffffffffn;
  const significand = exponent === 0n ? fraction : fraction | (1n << 52n);
  const power = (exponent === 0n ? 1n : exponent) - 1075n;
  const signed = bits >> 63n ? -significand : significand;
  return power >= 0n
    ? { numerator: signed << power, denominator: 1n }
    : { numerator: signed, denominator: 1n << -power };
}

/** The integer nearest to a fraction, ties to even. */
export function nearestEven({ numerator, denominator }: Fraction): bigint {
  const magnitude = numerator < 0n ? -numerator : numerator;
  const floor = magnitude / denominator;
  const twice = 2n * (magnitude % denominator);
  const up = twice > denominator || (twice === denominator && floor % 2n === 1n);
  const rounded = up ? floor + 1n : floor;
  return numerator < 0n ? -rounded : rounded;
}

/** The single-precision number nearest to a fraction, ties to even, subnormals and ±∞ included. */
export function nearestSingle({ numerator, denominator }: Fraction): number {
  if (numerator === 0n) return 0;
  const magnitude = numerator < 0n ? -numerator : numerator;
  // The least power p ≥ −149 with magnitude / denominator < 2^(p + 24).
  let power = BigInt(magnitude.toString(2).length - denominator.toString(2).length) - 24n;
  if (power < -149n) power = -149n;
  const scaled = (p: bigint): Fraction =>
    p >= 0n
      ? { numerator: magnitude, denominator: denominator << p }
      : { numerator: magnitude << -p, denominator };
  const fits = ({ numerator: n, denominator: d }: Fraction) => n < d << 24n;
  while (!fits(scaled(power))) power++;
  const value = Number(nearestEven(scaled(power))) * 2 ** Number(power);
  const single = value >= 2 ** 128 ? Infinity : value;
  return numerator < 0n ? -single : single;
}

/** eq. 5 by exact rationals. */
export function requantizeExactly(
  accumulator: bigint,
  multiplier: number,
  zeroPointOut: number,
  low: number,
  high: number,
): number {
  const a = fractionOf(nearestSingle({ numerator: accumulator, denominator: 1n }));
  const m = fractionOf(multiplier);
  const product = nearestSingle({
    numerator: a.numerator * m.numerator,
    denominator: a.denominator * m.denominator,
  });
  if (product === Infinity) return high;
  if (product === -Infinity) return low;
  const sum = nearestEven(fractionOf(product)) + BigInt(zeroPointOut);
  if (sum < BigInt(low)) return low;
  return sum > BigInt(high) ? high : Number(sum);
}

/** frexp and TFLite's QuantizeMultiplier, on bigints: [mantissa, exponent]. */
function fixedExactly(multiplier: number): readonly [bigint, number] {
  let { numerator, denominator } = fractionOf(multiplier);
  let exponent = 0;
  for (; numerator >= denominator; exponent++) denominator *= 2n;
  for (; 2n * numerator < denominator; exponent--) numerator *= 2n;
  let mantissa = (2n * (numerator << 31n) + denominator) / (2n * denominator);
  if (mantissa === 1n << 31n) {
    mantissa = 1n << 30n;
    exponent++;
  }
  if (exponent < -31) return [0n, 0];
  return exponent > 30 ? [(1n << 31n) - 1n, 30] : [mantissa, exponent];
}

/** eq. 16 on bigints, after gemmlowp's fixedpoint.h and TFLite's common.cc. */
export function roundFixedExactly(
  accumulator: bigint,
  multiplier: number,
  rounding: string,
  zeroPointOut: number,
  low: number,
  high: number,
): number {
  const [mantissa, exponent] = fixedExactly(multiplier);
  const rounded =
    rounding === 'double-rounding'
      ? doubleRounded(accumulator, mantissa, exponent)
      : (accumulator * mantissa + (1n << BigInt(30 - exponent))) >> BigInt(31 - exponent);
  const sum = rounded + BigInt(zeroPointOut);
  if (sum < BigInt(low)) return low;
  return sum > BigInt(high) ? high : Number(sum);
}

function doubleRounded(accumulator: bigint, mantissa: bigint, exponent: number): bigint {
  const [most, least] = [(1n << 31n) - 1n, -(1n << 31n)];
  let a = accumulator << BigInt(Math.max(exponent, 0));
  if (a > most) a = most;
  if (a < least) a = least;
  const product = a * mantissa;
  const nudge = product >= 0n ? 1n << 30n : 1n - (1n << 30n);
  const x = (product + nudge) / (1n << 31n);
  if (exponent >= 0) return x;
  const shift = BigInt(-exponent);
  const mask = (1n << shift) - 1n;
  const threshold = (mask >> 1n) + (x < 0n ? 1n : 0n);
  return (x >> shift) + ((x & mask) > threshold ? 1n : 0n);
}
