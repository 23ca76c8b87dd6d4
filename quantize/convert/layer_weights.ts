import type { FloatWeightedNode } from '../../architectures/graph/float_node.ts';
import type { WeightedNode } from '../model/tf8_model.ts';
import { accumulatorBound } from '../params/accumulator.ts';
import {
  accumulatorScale,
  INT32_MAX,
  type QuantizationParams,
  quantizeArray,
  quantizeBias,
} from '../params/quantization.ts';
import {
  isPerChannel,
  ofScales,
  quantizeChannels,
  type WeightQuantization,
  weightScale,
} from '../params/weight_quantization.ts';
import { columnParams } from './channel_weights.ts';
import type { InputCovariances, InputMoments } from './input_moments.ts';
import type { Recipe, WeightChoice } from './recipe.ts';
import { columnsOf, refit } from './ridge_refit.ts';
import { roundSecondOrder } from './second_order_rounding.ts';
import { tensorParams } from './tensor_weights.ts';

export interface LayerWeightsOptions {
  readonly choice: WeightChoice;
  readonly scales: Recipe['scales'];
  /** Of the layer's inputs; weights are rounded to the nearest, in their own range, without. */
  readonly moments: InputMoments | undefined;
  /** Whether the bias makes the output's mean before the activation that of the float layer. */
  readonly matchMeans: boolean;
}

/** Weights and biases of a layer, and how they came to be. */
export interface LayerWeights {
  readonly node: WeightedNode;
  /** Width of the weights' range in parts of their own; of a range a channel, the mean. */
  readonly rangeShare: number;
  /**
   * The scale over that of the range that was chosen: above 1 where a bias would not have fit. Of a scale a channel
   * it is 1: a channel whose own scale is raised has weights that are nothing beside its bias.
   */
  readonly raisedBy: number;
  /** What second-order rounding left of the error of rounding to the nearest, weighted by the inputs. */
  readonly roundingGainDb?: number;
}

/**
 * Quantizes the weights of one layer by the recipe's choice.
 * @param exact the float layer
 * @param stored the same with its own weights quantized in some way: its output's parameters hold
 * @throws QuantizationError naming the layer whose bias does not fit int32
 */
export function layerWeights(
  exact: FloatWeightedNode,
  stored: WeightedNode,
  input: QuantizationParams,
  { choice, scales, moments, matchMeans }: LayerWeightsOptions,
): LayerWeights {
  const { rounding } = choice;
  const isSecondOrder =
    rounding.rounding === 'secondOrder' &&
    (rounding.layers === 'all' || exact.op === 'depthwiseConv2d');
  const covariances = isSecondOrder ? moments?.covariances : undefined;
  const ridge = isSecondOrder ? rounding.refit : undefined;
  const kernel =
    covariances !== undefined && ridge !== undefined
      ? refit(exact.kernel, covariances, ridge)
      : exact.kernel;
  const variances = moments && variancesOf(kernel, moments);
  const parts = { kernel, own: exact.kernel, variances, choice, scales };
  const parameters = choice.granularity === 'channel' ? columnParams(parts) : tensorParams(parts);
  const biasMax = exact.bias.map(Math.abs);
  for (;;) {
    const { quantization, ...facts } = parameters({
      scaleIn: input.scale,
      inputZeroPoint: input.zeroPoint,
      scaleOut: stored.output.quantization.scale,
      biasMax,
      taps: tapsOf(exact),
    });
    const rounded = covariances
      ? roundByGroups(kernel, covariances, quantization)
      : {
          bytes: isPerChannel(quantization)
            ? quantizeChannels(kernel, quantization)
            : quantizeArray(kernel, quantization),
        };
    const bias =
      matchMeans && moments !== undefined
        ? withMeansMatched(exact, rounded.bytes, quantization, moments)
        : exact.bias;
    if (raise(biasMax, bias, stored, input, quantization)) continue;
    const biasScales = ofScales(quantization, (scale) => scale);
    return {
      node: {
        ...stored,
        weights: { ...stored.weights, data: rounded.bytes, quantization },
        bias: quantizeBias(exact.name, bias, input.scale, biasScales),
      },
      ...facts,
      ...('gainDb' in rounded && { roundingGainDb: rounded.gainDb }),
    };
  }
}

/**
 * Raises what biases are expected to be at most, [M], to what they are, where one does not fit; false where
 * that changes nothing.
 */
function raise(
  biasMax: Float32Array,
  bias: Float32Array,
  stored: WeightedNode,
  input: QuantizationParams,
  quantization: WeightQuantization,
): boolean {
  const magnitudes = bias.map(Math.abs);
  if (!isPerChannel(quantization)) {
    const largest = greatest(magnitudes);
    if (largest <= biasLimit(stored, input, quantization)) return false;
    if (!(largest > greatest(biasMax))) return false;
    biasMax.set(magnitudes.map((value, m) => Math.max(value, biasMax[m])));
    return true;
  }
  let isRaised = false;
  magnitudes.forEach((value, m) => {
    if (value <= biasLimit(stored, input, quantization, m) || !(value > biasMax[m])) return;
    biasMax[m] = value;
    isRaised = true;
  });
  return isRaised;
}

/** How large, in real numbers, a bias of channel `m` may be that leaves no accumulator int32 (eq. 4). */
export function biasLimit(
  { op, weights, name }: Pick<WeightedNode, 'op' | 'weights' | 'name'>,
  input: QuantizationParams,
  quantization: WeightQuantization,
  m = 0,
): number {
  const products = accumulatorBound({
    biasMax: 0,
    taps: tapsOf({ op, kernelShape: weights.shape, name }),
    inputZeroPoint: input.zeroPoint,
    weightZeroPoint: quantization.zeroPoint,
  });
  return (INT32_MAX - products - 1) * accumulatorScale(input.scale, weightScale(quantization, m));
}

/** Products per output. */
function tapsOf({
  op,
  kernelShape,
}: Pick<FloatWeightedNode, 'op' | 'kernelShape' | 'name'>): number {
  return kernelShape[0] * kernelShape[1] * (op === 'depthwiseConv2d' ? 1 : kernelShape[2]);
}

function greatest(magnitudes: Float32Array): number {
  return magnitudes.reduce((most, value) => Math.max(most, value), 0);
}

/** [K, M] the variance of what each weight multiplies. */
function variancesOf(kernel: Float32Array, { groups, inputs, variances: own }: InputMoments) {
  const outputs = kernel.length / inputs;
  const each = outputs / groups;
  const variances = new Float64Array(kernel.length);
  for (let k = 0; k < inputs; k++) {
    for (let m = 0; m < outputs; m++) {
      variances[k * outputs + m] = own[Math.floor(m / each) * inputs + k];
    }
  }
  return variances;
}

function roundByGroups(
  kernel: Float32Array,
  { groups, inputs, covariance }: InputCovariances,
  quantization: WeightQuantization,
) {
  const outputs = kernel.length / inputs;
  const each = outputs / groups;
  const bytes = new Uint8Array(kernel.length);
  let [error, nearestError] = [0, 0];
  for (let group = 0; group < groups; group++) {
    const rounded = roundSecondOrder(
      Float64Array.from(columnsOf(kernel, inputs, outputs, group * each, each)),
      covariance.subarray(group * inputs * inputs, (group + 1) * inputs * inputs),
      ofColumns(quantization, group * each, each),
    );
    for (let k = 0; k < inputs; k++) {
      for (let m = 0; m < each; m++) {
        bytes[k * outputs + group * each + m] = rounded.bytes[k * each + m];
      }
    }
    error += rounded.error;
    nearestError += rounded.nearestError;
  }
  return { bytes, gainDb: error > 0 ? 10 * Math.log10(nearestError / error) : 0 };
}

/** The parameters of `count` channels from `first` on. */
function ofColumns(
  quantization: WeightQuantization,
  first: number,
  count: number,
): WeightQuantization {
  if (!isPerChannel(quantization)) return quantization;
  return { ...quantization, scales: quantization.scales.slice(first, first + count) };
}

/** Biases at which the mean of each output before the activation is that of the float layer. */
function withMeansMatched(
  { kernel, bias }: FloatWeightedNode,
  bytes: Uint8Array,
  quantization: WeightQuantization,
  { groups, inputs, means, floatMeans }: InputMoments,
): Float32Array {
  const { zeroPoint } = quantization;
  const outputs = bias.length;
  const each = outputs / groups;
  const matched = Float64Array.from(bias);
  for (let k = 0; k < inputs; k++) {
    for (let m = 0; m < outputs; m++) {
      const at = Math.floor(m / each) * inputs + k;
      const index = k * outputs + m;
      const stored = weightScale(quantization, m) * (bytes[index] - zeroPoint);
      matched[m] += kernel[index] * floatMeans[at] - stored * means[at];
    }
  }
  return Float32Array.from(matched);
}
