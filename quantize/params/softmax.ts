import { BYTE_MAX, type QuantizationParams } from './quantization.ts';

/** A probability's step is 1 / 256, and byte 0 is 0. */
export const PROBABILITIES: QuantizationParams = { scale: 2 ** -8, zeroPoint: 0 };

/**
 * [256] single-precision numbers: e to the power of −d steps, for a byte that is d below the greatest (eq. 15).
 * @param scale of the logits
 */
export function softmaxPowers(scale: number): number[] {
  return Array.from({ length: BYTE_MAX + 1 }, (_, d) =>
    Math.fround(Math.exp(Math.fround(-scale * d))),
  );
}
