import { QuantizationError } from './errors.ts';
import {
  accumulatorScale,
  type QuantizationParams,
  requireScale,
  requireZeroPoint,
} from './quantization.ts';
import { clamp, roundHalfEven } from './rounding.ts';

/** The zero point of weights with a scale a channel: that of symmetric weights, 0 as an int8. */
export const SYMMETRIC_ZERO_POINT = 128;

/** The least byte of weights with a scale a channel, −127 as an int8: what LiteRT's specification allows. */
export const LEAST_SYMMETRIC_BYTE = 1;

/** Weights with one scale a channel of the output: real = scales[m] · (q − 128). */
export interface ChannelParams {
  /** [M] single-precision numbers > 0. */
  readonly scales: readonly number[];
  readonly zeroPoint: number;
}

/** The parameters of a layer's weights: one scale for all of them, or one a channel of the output. */
export type WeightQuantization = QuantizationParams | ChannelParams;

/** Whether there is one scale a channel. */
export function isPerChannel(quantization: WeightQuantization): quantization is ChannelParams {
  return 'scales' in quantization;
}

/** The scale of the weights that make channel `m` of the output. */
export function weightScale(quantization: WeightQuantization, m: number): number {
  return isPerChannel(quantization) ? quantization.scales[m] : quantization.scale;
}

/** The scales: one, or [M]. */
export function weightScales(quantization: WeightQuantization): readonly number[] {
  return isPerChannel(quantization) ? quantization.scales : [quantization.scale];
}

/** What is made of the scale of all weights, or of each channel's. */
export function ofScales(
  quantization: WeightQuantization,
  make: (scale: number) => number,
): number | readonly number[] {
  return isPerChannel(quantization) ? quantization.scales.map(make) : make(quantization.scale);
}

/** The parameters of biases: scaleIn · scaleWeight and zero point 0 (eq. 3), the channel's where each has a scale. */
export function biasQuantization(scaleIn: number, weights: WeightQuantization): WeightQuantization {
  const zeroPoint = 0;
  if (!isPerChannel(weights)) return { scale: accumulatorScale(scaleIn, weights.scale), zeroPoint };
  const scales = weights.scales.map((scale) => accumulatorScale(scaleIn, scale));
  return { scales, zeroPoint };
}

/**
 * @param channels of the output
 * @throws QuantizationError unless scales are normal single-precision numbers, one a channel where there are
 *   several, whose zero point is then 128
 */
export function requireWeightQuantization(
  layer: string,
  quantization: WeightQuantization,
  channels: number,
): void {
  for (const scale of weightScales(quantization)) {
    requireScale(`the scale of the weights of ${layer}`, scale);
  }
  requireZeroPoint(`the zero point of the weights of ${layer}`, quantization.zeroPoint);
  if (!isPerChannel(quantization)) return;
  const { scales, zeroPoint } = quantization;
  if (scales.length !== channels) {
    throw new QuantizationError(
      `Expected ${channels} scales of the weights of ${layer}, one a channel, but received ${scales.length}`,
    );
  }
  if (zeroPoint !== SYMMETRIC_ZERO_POINT) {
    throw new QuantizationError(
      `Expected the zero point ${SYMMETRIC_ZERO_POINT} of weights with one scale a channel for ${layer} but received ${zeroPoint}`,
    );
  }
}

/**
 * Real weights [..., M] as bytes (eq. 2 with each channel's own scale, from 1 on).
 * @throws QuantizationError at NaN
 */
export function quantizeChannels(
  real: ArrayLike<number>,
  { scales, zeroPoint }: ChannelParams,
): Uint8Array {
  const bytes = new Uint8Array(real.length);
  for (let i = 0; i < real.length; i++) {
    if (Number.isNaN(real[i])) {
      throw new QuantizationError(`Expected a number for weight ${i} but received NaN`);
    }
    const level = roundHalfEven(real[i] / scales[i % scales.length]) + zeroPoint;
    bytes[i] = clamp(level, LEAST_SYMMETRIC_BYTE, 255);
  }
  return bytes;
}

/** The real weights [..., M] that bytes stand for, in single precision. */
export function dequantizeWeights(
  bytes: Uint8Array,
  quantization: WeightQuantization,
): Float32Array {
  const { zeroPoint } = quantization;
  const scales = weightScales(quantization);
  return Float32Array.from(bytes, (byte, i) => scales[i % scales.length] * (byte - zeroPoint));
}
