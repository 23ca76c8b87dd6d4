import { requantize } from '../params/requantization.ts';
import { clamp } from '../params/rounding.ts';
import {
  DEFAULT_ROUNDING,
  type FixedMultiplier,
  fixedMultiplier,
  type RoundingName,
  roundFixed,
} from '../params/roundings.ts';

/** eq. 5: from the int32 accumulator to the output byte. */
export interface Requantization {
  /**
   * f32(f32(scaleIn · scaleWeight) / scaleOut), a single-precision number > 0; by another rule than eq. 5's
   * scaleIn · scaleWeight / scaleOut, a double.
   */
  readonly multiplier: number;
  /** eq. 16; eq. 5 unless given. */
  readonly rounding?: RoundingName;
  readonly outputZeroPoint: number;
  /** Bounds of the output byte: [0, 255], or narrower for ReLU and ReLU6. */
  readonly low: number;
  readonly high: number;
  /** [256], what becomes of the byte (eq. 10), where a lookup behind it is computed along. */
  readonly table?: Uint8Array;
}

/** The same with one multiplier for all channels, or one a channel, [M]. */
export interface ChannelRequantization extends Omit<Requantization, 'multiplier'> {
  readonly multiplier: number | readonly number[];
}

/** The multipliers of `channels` channels. */
export function multipliersOf(
  { multiplier }: Pick<ChannelRequantization, 'multiplier'>,
  channels: number,
): Float32Array {
  return typeof multiplier === 'number'
    ? new Float32Array(channels).fill(multiplier)
    : Float32Array.from(multiplier);
}

/** The multipliers of a rule of integers, one for all channels or one a channel; none of eq. 5. */
export function fixedMultipliersOf({
  multiplier,
  rounding = DEFAULT_ROUNDING,
}: Pick<ChannelRequantization, 'multiplier' | 'rounding'>): readonly FixedMultiplier[] {
  return rounding === DEFAULT_ROUNDING ? [] : [multiplier].flat().map(fixedMultiplier);
}

/** Eq. 5, or the rule of the call, of one accumulator after the other, with one multiplier. */
export function requantizer(call: Requantization): (accumulator: number) => number {
  const { multiplier, outputZeroPoint, low, high, rounding = DEFAULT_ROUNDING } = call;
  if (rounding === DEFAULT_ROUNDING) {
    return (accumulator) => requantize(accumulator, multiplier, outputZeroPoint, low, high);
  }
  const fixed = fixedMultiplier(multiplier);
  return (accumulator) =>
    clamp(roundFixed(accumulator, fixed, rounding) + outputZeroPoint, low, high);
}

/** Of the calls that are being computed: a call comes with many arrays. */
const FIXED = new WeakMap<ChannelRequantization, readonly FixedMultiplier[]>();

/** eq. 5, or the call's rule, of each channel's accumulator, into `output` from `to` on. */
export function requantizeArray(
  accumulators: Int32Array,
  call: ChannelRequantization,
  output: Uint8Array,
  to: number,
): void {
  const { multiplier, outputZeroPoint, low, high, table, rounding = DEFAULT_ROUNDING } = call;
  if (rounding !== DEFAULT_ROUNDING) {
    const fixed = FIXED.get(call) ?? fixedMultipliersOf(call);
    FIXED.set(call, fixed);
    for (let m = 0; m < accumulators.length; m++) {
      const rounded = roundFixed(accumulators[m], fixed[m % fixed.length], rounding);
      const byte = clamp(rounded + outputZeroPoint, low, high);
      output[to + m] = table === undefined ? byte : table[byte];
    }
    return;
  }
  for (let m = 0; m < accumulators.length; m++) {
    const factor = typeof multiplier === 'number' ? multiplier : multiplier[m];
    const byte = requantize(accumulators[m], factor, outputZeroPoint, low, high);
    output[to + m] = table === undefined ? byte : table[byte];
  }
}
