import { expected, QuantizationError } from './errors.ts';
import { BYTE_MAX, INT32_MAX, requireZeroPoint } from './quantization.ts';

/** What bounds the accumulator of one layer (eq. 4). */
export interface AccumulatorTerms {
  /** max |bias|, an integer. */
  readonly biasMax: number;
  /** Products per output: kh · kw · C, or kh · kw for a depthwise convolution. */
  readonly taps: number;
  readonly inputZeroPoint: number;
  readonly weightZeroPoint: number;
}

/**
 * The largest |acc| of acc = bias + Σ (xq − zx)(wq − wz) over all bytes xq, wq (eq. 4):
 * biasMax + taps · max(zx, 255 − zx) · max(wz, 255 − wz). Partial sums, in any order, stay within
 * it. Exact: throws where it is no safe integer.
 */
export function accumulatorBound(terms: AccumulatorTerms): number {
  const { biasMax, taps, inputZeroPoint, weightZeroPoint } = terms;
  if (!(Number.isInteger(biasMax) && biasMax >= 0))
    throw expected('integer ≥ 0', 'biasMax', biasMax);
  if (!(Number.isInteger(taps) && taps >= 1)) throw expected('integer ≥ 1', 'taps', taps);
  requireZeroPoint('inputZeroPoint', inputZeroPoint);
  requireZeroPoint('weightZeroPoint', weightZeroPoint);
  const bound =
    biasMax +
    taps *
      Math.max(inputZeroPoint, BYTE_MAX - inputZeroPoint) *
      Math.max(weightZeroPoint, BYTE_MAX - weightZeroPoint);
  if (!Number.isSafeInteger(bound))
    throw expected('at most 2⁵³ − 1', 'the accumulator bound', bound);
  return bound;
}

/** Throws, naming the layer, when its accumulator could leave int32 (eq. 4). */
export function requireAccumulatorFits(layer: string, terms: AccumulatorTerms): void {
  const bound = accumulatorBound(terms);
  if (bound > INT32_MAX) {
    throw new QuantizationError(
      `Expected |accumulator| ≤ ${INT32_MAX} for ${layer} but ${terms.taps} products and ` +
        `biases up to ${terms.biasMax} may reach ${bound}`,
      {
        remedy:
          'Split the layer into ones with fewer input channels, or make its biases smaller ' +
          '(zero-variance handling "mean" when folding a batch norm).',
      },
    );
  }
}
