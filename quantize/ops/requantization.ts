import { requantize } from '../params/requantization.ts';

/** eq. 5: from the int32 accumulator to the output byte. */
export interface Requantization {
  /** f32(f32(scaleIn · scaleWeight) / scaleOut), a single-precision number > 0. */
  readonly multiplier: number;
  readonly outputZeroPoint: number;
  /** Bounds of the output byte: [0, 255], or narrower for ReLU and ReLU6. */
  readonly low: number;
  readonly high: number;
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

/** eq. 5 of each channel's accumulator, into `output` from `to` on. */
export function requantizeArray(
  accumulators: Int32Array,
  { multiplier, outputZeroPoint, low, high }: ChannelRequantization,
  output: Uint8Array,
  to: number,
): void {
  for (let m = 0; m < accumulators.length; m++) {
    const factor = typeof multiplier === 'number' ? multiplier : multiplier[m];
    output[to + m] = requantize(accumulators[m], factor, outputZeroPoint, low, high);
  }
}
