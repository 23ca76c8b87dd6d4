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
