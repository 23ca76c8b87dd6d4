import type { FloatWeightedNode } from '../../architectures/graph/float_node.ts';
import type { WeightedNode } from '../model/tf8_model.ts';
import { accumulatorBound } from '../params/accumulator.ts';
import { BYTE_MAX, INT32_MAX, type QuantizationParams } from '../params/quantization.ts';
import { isPerChannel, weightScales } from '../params/weight_quantization.ts';
import type { AccumulatorAnalysis, ChannelAnalysis, Range, WeightAnalysis } from './analysis.ts';
import { decibels, quantile } from './decibels.ts';
import { farOut, valuesBut } from './outliers.ts';

/**
 * A layer's weights against the grid of their bytes, as a whole and by output channel.
 * @param exact the float node, batch norm folded
 * @param stored the same layer of the TF8 model
 * @param input the parameters of the layer's input
 */
export function analyzeWeights(
  exact: FloatWeightedNode,
  stored: WeightedNode,
  input: QuantizationParams,
): WeightAnalysis {
  const { kernel, batchNorm } = exact;
  const { data, quantization } = stored.weights;
  const { zeroPoint } = quantization;
  const scales = weightScales(quantization);
  const channels = exact.bias.length;
  const counts = new Array<number>(BYTE_MAX + 1).fill(0);
  const byChannel = Array.from({ length: channels }, () => ({
    min: Infinity,
    max: -Infinity,
    minByte: BYTE_MAX,
    maxByte: 0,
  }));
  let signalEnergy = 0;
  let noiseEnergy = 0;
  let below = 0;
  let above = 0;
  for (let i = 0; i < kernel.length; i++) {
    const weight = kernel[i];
    const byte = data[i];
    const scale = scales[i % scales.length];
    const noise = weight - scale * (byte - zeroPoint);
    signalEnergy += weight * weight;
    noiseEnergy += noise * noise;
    // A byte at the end of the grid stands for its weight only where that lies within half a step.
    if (byte === 0 && noise < -scale / 2) below++;
    else if (byte === BYTE_MAX && noise > scale / 2) above++;
    else counts[byte]++;
    const channel = byChannel[i % channels];
    if (weight < channel.min) channel.min = weight;
    if (weight > channel.max) channel.max = weight;
    if (byte < channel.minByte) channel.minByte = byte;
    if (byte > channel.maxByte) channel.maxByte = byte;
  }
  const min = byChannel.map((channel) => channel.min);
  const max = byChannel.map((channel) => channel.max);
  const levels = byChannel.map(({ minByte, maxByte }) => maxByte - minByte + 1);
  const dead = batchNorm?.deadChannels ?? [];
  const range = rangeWithout(min, max, []);
  return {
    quantization: { scale: scales.reduce((most, scale) => Math.max(most, scale)), zeroPoint },
    ...(isPerChannel(quantization) && { channelScales: scales }),
    range,
    histogram: { counts, below: below / kernel.length, above: above / kernel.length },
    sqnrDb: decibels(signalEnergy, noiseEnergy),
    channels: {
      min,
      max,
      levels,
      medianLevels: medianOf(levels, dead),
      medianShare: medianOf(
        byChannel.map((channel) =>
          range.min === range.max ? 0 : (channel.max - channel.min) / widthOf(range),
        ),
        dead,
      ),
      wideChannels: farOut(
        byChannel.map((channel) => Math.max(-channel.min, channel.max)),
        dead,
      ),
      ...(batchNorm && {
        batchNorm: {
          alpha: [...batchNorm.alpha],
          variance: [...batchNorm.variance],
          dead: [...dead],
          outliers: farOut(batchNorm.alpha.map(Math.abs), dead),
        },
      }),
    },
    accumulator: analyzeAccumulator(stored, input),
  };
}

/** The range of the weights of all channels but some, widened to contain 0 (eq. 1). */
function rangeWithout(
  min: readonly number[],
  max: readonly number[],
  channels: readonly number[],
): Range {
  const left = new Set(channels);
  const of = (values: readonly number[]) => values.filter((_, channel) => !left.has(channel));
  return {
    min: of(min).reduce((least, value) => Math.min(least, value), 0),
    max: of(max).reduce((most, value) => Math.max(most, value), 0),
  };
}

/**
 * How many times wider the weights' range is than without some channels: with one range a layer, the
 * other channels' steps are as many times coarser. 1 where nothing would be left.
 */
export function stretchBy({ min, max }: ChannelAnalysis, channels: readonly number[]): number {
  const rest = widthOf(rangeWithout(min, max, channels));
  return rest === 0 ? 1 : widthOf(rangeWithout(min, max, [])) / rest;
}

function widthOf({ min, max }: Range): number {
  return max - min;
}

/** The median over the live channels; over all where none is alive. */
export function medianOf(values: readonly number[], dead: readonly number[]): number {
  return quantile(valuesBut(values, dead).sort(), 0.5);
}

function analyzeAccumulator(
  { bias, weights, op }: WeightedNode,
  input: QuantizationParams,
): AccumulatorAnalysis {
  let biasChannel = 0;
  for (let channel = 0; channel < bias.length; channel++) {
    if (Math.abs(bias[channel]) > Math.abs(bias[biasChannel])) biasChannel = channel;
  }
  const biasMax = Math.abs(bias[biasChannel]);
  const [height, width, depth] = weights.shape;
  const bound = accumulatorBound({
    biasMax,
    taps: height * width * (op === 'depthwiseConv2d' ? 1 : depth),
    inputZeroPoint: input.zeroPoint,
    weightZeroPoint: weights.quantization.zeroPoint,
  });
  return { biasMax, biasChannel, bound, headroomBits: Math.log2(INT32_MAX / bound) };
}
