import { expected, QuantizationError } from '../params/errors.ts';
import { BYTE_MAX, requireZeroPoint } from '../params/quantization.ts';
import { DEFAULT_ROUNDING, type RoundingName, requireRounding } from '../params/roundings.ts';
import type { ChannelRequantization } from './requantization.ts';
import type { Shape4 } from './tensor.ts';

/** What the checks of calls have in common. All throw a QuantizationError that names the field. */

/** @param channels of the output, which a list of multipliers has one each of */
export function requireRequantization(call: ChannelRequantization, channels: number): void {
  const { multiplier, rounding } = call;
  if (typeof multiplier === 'number') requireMultiplier('multiplier', multiplier, rounding);
  else {
    requireLength('multiplier', multiplier, channels);
    for (let m = 0; m < channels; m++) {
      requireMultiplier(`multiplier[${m}]`, multiplier[m], rounding);
    }
  }
  requireZeroPoint('outputZeroPoint', call.outputZeroPoint);
  requireBounds(call.low, call.high);
  if (call.table !== undefined) requireLength('table', call.table, BYTE_MAX + 1);
}

/** Subnormal singles are allowed: every tier multiplies them exactly alike. */
export function requireMultiplier(
  name: string,
  value: number,
  rounding: RoundingName = DEFAULT_ROUNDING,
): void {
  if (rounding !== DEFAULT_ROUNDING) {
    requireRounding(rounding);
    if (value > 0 && value < Infinity) return;
    throw expected('a finite number > 0', name, value);
  }
  if (!(value > 0 && value < Infinity && Math.fround(value) === value)) {
    throw expected('a finite single-precision number > 0', name, value);
  }
}

export function requireBounds(low: number, high: number): void {
  if (!(Number.isInteger(low) && low >= 0 && low <= BYTE_MAX)) {
    throw expected('integer in [0, 255]', 'low', low);
  }
  if (!(Number.isInteger(high) && high >= low && high <= BYTE_MAX)) {
    throw expected(`integer in [low, 255] = [${low}, 255]`, 'high', high);
  }
}

export function requirePositive(name: string, value: number): void {
  if (!(Number.isSafeInteger(value) && value >= 1)) throw expected('integer ≥ 1', name, value);
}

export function requireNatural(name: string, value: number): void {
  if (!(Number.isSafeInteger(value) && value >= 0)) throw expected('integer ≥ 0', name, value);
}

export function requireShape(name: string, shape: Shape4): void {
  if (shape.length !== 4) throw expected('4 dimensions', name, shape);
  for (let i = 0; i < 4; i++) requirePositive(`${name}[${i}]`, shape[i]);
}

export function requireLength(name: string, array: ArrayLike<number>, length: number): void {
  if (array.length !== length) throw expected(`length ${length}`, name, array.length);
}

export function requireEqual(name: string, value: number, ruleName: string, rule: number): void {
  if (value !== rule) throw expected(`${rule} (${ruleName})`, name, value);
}

export function requireLess(name: string, value: number, ruleName: string, rule: number): void {
  if (value >= rule) throw expected(`less than ${rule} (${ruleName})`, name, value);
}

/** A tier may write `output` before it has read all of its input. */
export function requireDisjoint(name: string, input: Uint8Array, output: Uint8Array): void {
  if (
    input.buffer === output.buffer &&
    input.byteOffset < output.byteOffset + output.length &&
    output.byteOffset < input.byteOffset + input.length
  ) {
    throw expected(`memory apart from output's`, name, `bytes from ${input.byteOffset}`);
  }
}

/**
 * What `compute` gives.
 * @throws QuantizationError as it does, with the node's name behind the message
 */
export function inNode<Result>(name: string, compute: () => Result): Result {
  try {
    return compute();
  } catch (error) {
    if (!(error instanceof QuantizationError)) throw error;
    const { message, remedy } = error;
    throw new QuantizationError(`${message}, in ${name}`, remedy === undefined ? {} : { remedy });
  }
}
