import type { WeightedNode } from '../../quantize/model/tf8_model.ts';
import { INT32_MAX, type QuantizationParams } from '../../quantize/params/quantization.ts';

/** Integers up to it are exact in single precision. */
export const EXACT_SUM = 2 ** 24;

/** Integers below 2³¹ that are multiples of it are exact in single precision. */
const SPACING = 2 ** 8;

/** The largest product of two differences from zero points. */
const LARGEST_PRODUCT = 255 ** 2;

/**
 * What no sum of a layer's products and its bias exceeds, whatever the image, in any order: the largest over the
 * output's channels of |b| + max(zx, 255 − zx) · Σ |wq − wz|.
 */
export function sumBound(
  { weights, bias }: Pick<WeightedNode, 'weights' | 'bias'>,
  { zeroPoint }: QuantizationParams,
): number {
  const sums = new Float64Array(bias.length);
  const { data, quantization } = weights;
  data.forEach((byte, index) => {
    sums[index % bias.length] += Math.abs(byte - quantization.zeroPoint);
  });
  const largest = Math.max(zeroPoint, 255 - zeroPoint);
  return sums.reduce((most, sum, m) => Math.max(most, largest * sum + Math.abs(bias[m])), 0);
}

/** How large |b| may be at any zero points, as a single: int32 holds every sum then (eq. 4). */
export function biasLimit({ weights, op }: Pick<WeightedNode, 'weights' | 'op'>): number {
  const [kh, kw, depth] = weights.shape;
  const taps = kh * kw * (op === 'depthwiseConv2d' ? 1 : depth);
  const room = Math.max(INT32_MAX - taps * LARGEST_PRODUCT, EXACT_SUM);
  return Math.floor(room / SPACING) * SPACING;
}
