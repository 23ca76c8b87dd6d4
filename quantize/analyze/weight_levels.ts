import { expected } from '../params/errors.ts';
import { joinFloats } from '../params/join_floats.ts';
import {
  dequantizeArray,
  paramsFromRange,
  type QuantizationParams,
  quantizeArray,
} from '../params/quantization.ts';
import { sqnrDb } from '../params/sqnr.ts';

/** What one range for a whole layer does to the weights of some of its output channels. */
export interface WeightLevels {
  /** Of all the layer's weights. */
  readonly min: number;
  readonly max: number;
  readonly quantization: QuantizationParams;
  /**
   * For each of the chosen channels the bytes from its least to its greatest weight, both counted: 1
   * where all its weights become the same byte, 256 where it spans the range.
   */
  readonly levels: readonly number[];
  /** Share of the chosen channels' weights that become the zero point, in [0, 1]. */
  readonly zeroShare: number;
  /** Of the chosen channels' weights together. */
  readonly sqnrDb: number;
  /** Of each chosen channel's weights alone. */
  readonly channelSqnrDb: readonly number[];
}

/**
 * Quantizes a layer's weights as the converter does (eq. 1 to 3) and looks at the channels `among`.
 * @param kernel as folded, output channels innermost: depthwise [kh, kw, C, mult], conv [kh, kw, C, M]
 * @param channels number of output channels
 * @param among the chosen ones; all of them unless given
 * @throws QuantizationError where no channel is chosen or one does not exist, or where the kernel does
 *   not divide into the channels
 */
export function weightLevels(
  kernel: Float32Array,
  channels: number,
  among: readonly number[] = Array.from({ length: channels }, (_, channel) => channel),
): WeightLevels {
  if (kernel.length === 0 || kernel.length % channels !== 0) {
    throw expected(`a multiple of ${channels} weights`, 'kernel', kernel.length);
  }
  if (among.length === 0) throw expected('at least one channel', 'among', among.length);
  const missing = among.find(
    (channel) => !(Number.isInteger(channel) && channel >= 0 && channel < channels),
  );
  if (missing !== undefined) throw expected(`channels in [0, ${channels})`, 'among', missing);
  let [min, max] = [Infinity, -Infinity];
  for (const weight of kernel) {
    min = Math.min(min, weight);
    max = Math.max(max, weight);
  }
  const quantization = paramsFromRange(min, max);
  const bytes = quantizeArray(kernel, quantization);
  const ofChannel = <Values extends Float32Array | Uint8Array>(values: Values, channel: number) =>
    values.filter((_, index) => index % channels === channel) as Values;
  const own = among.map((channel) => {
    const weights = ofChannel(kernel, channel);
    const quantized = ofChannel(bytes, channel);
    return { weights, quantized, real: dequantizeArray(quantized, quantization) };
  });
  const zeros = own.map(
    ({ quantized }) => quantized.filter((byte) => byte === quantization.zeroPoint).length,
  );
  return {
    min,
    max,
    quantization,
    levels: own.map(({ quantized }) => Math.max(...quantized) - Math.min(...quantized) + 1),
    zeroShare: sum(zeros) / sum(own.map(({ quantized }) => quantized.length)),
    sqnrDb: sqnrDb(
      joinFloats(own.map(({ weights }) => weights)),
      joinFloats(own.map(({ real }) => real)),
    ),
    channelSqnrDb: own.map(({ weights, real }) => sqnrDb(weights, real)),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
