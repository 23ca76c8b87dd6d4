import { roundHalfEven } from '../../quantize/params/rounding.ts';

/** Symmetric int8: the levels are −127 … 127 (LiteRT's quantization specification). */
const LEVELS = 127;

/** Half of int32 is left for the sum of products. */
const BIAS_MAX = 2 ** 30;

/**
 * Weights and biases as symmetric int8 with one scale an output channel hold them: what LiteRT and
 * ONNX Runtime do. The scale of a channel is its largest weight's, or, where its bias would not fit
 * int32 at scaleIn · scale, the least at which it does.
 * @param node kernel [..., M] and bias [M]
 * @returns both as real values
 */
export function channelWeights(
  { kernel, bias }: { readonly kernel: Float32Array; readonly bias: Float32Array },
  scaleIn: number,
): { kernel: Float32Array; bias: Float32Array } {
  const channels = bias.length;
  const scales = new Float64Array(channels);
  kernel.forEach((weight, index) => {
    const channel = index % channels;
    scales[channel] = Math.max(scales[channel], Math.abs(weight) / LEVELS);
  });
  bias.forEach((value, channel) => {
    scales[channel] = Math.max(scales[channel], Math.abs(value) / (scaleIn * BIAS_MAX)) || 1;
  });
  const rounded = (value: number, scale: number) => scale * roundHalfEven(value / scale);
  return {
    kernel: kernel.map((weight, index) => rounded(weight, scales[index % channels])),
    bias: bias.map((value, channel) => rounded(value, scaleIn * scales[channel])),
  };
}
