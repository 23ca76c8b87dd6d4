import { requantize } from '../params/requantization.ts';

/** eq. 5: from the int32 accumulator to the output byte. */
export interface Requantization {
  /** f32(f32(scaleIn · scaleWeight) / scaleOut), a single-precision number > 0. */
  readonly multiplier: number;
  readonly outputZeroPoint: number;
  /** Bounds of the output byte: [0, 255], or narrower for ReLU and ReLU6. */
  readonly low: number;
  readonly high: number;
  /** [256]: what becomes of the byte (eq. 10), where a lookup behind it is computed along. */
  readonly table?: Uint8Array;
}

/** eq. 5 of each accumulator, into `output` from `to` on. */
export function requantizeArray(
  accumulators: Int32Array,
  { multiplier, outputZeroPoint, low, high, table }: Requantization,
  output: Uint8Array,
  to: number,
): void {
  for (let m = 0; m < accumulators.length; m++) {
    const byte = requantize(accumulators[m], multiplier, outputZeroPoint, low, high);
    output[to + m] = table === undefined ? byte : table[byte];
  }
}
