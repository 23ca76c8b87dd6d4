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
import { weightParams } from '../params/weight_params.ts';
import type { InputMoments } from './input_moments.ts';
import type { ObservedRange } from './observed_range.ts';
import type { Recipe, WeightChoice } from './recipe.ts';
import { columnsOf, refit } from './ridge_refit.ts';
import { powerOfTwoRange, symmetricRange } from './scale_forms.ts';
import { roundSecondOrder } from './second_order_rounding.ts';
import { weightRange } from './weight_range.ts';

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
  /** Width of the weights' range in parts of their own. */
  readonly rangeShare: number;
  /** The scale over that of the range that was chosen: above 1 where a bias would not have fit. */
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
  const { rounding, range: rangeChoice } = choice;
  const isSecondOrder =
    moments !== undefined &&
    rounding.rounding === 'secondOrder' &&
    (rounding.layers === 'all' || exact.op === 'depthwiseConv2d');
  const kernel =
    isSecondOrder && rounding.refit !== undefined
      ? refit(exact.kernel, moments, rounding.refit)
      : exact.kernel;
  const chosen = weightRange(kernel, rangeChoice, moments && variancesOf(kernel, moments));
  const form = choice.symmetric ? symmetricRange(chosen) : chosen;
  const range = scales === undefined ? form : powerOfTwoRange(form);
  let biasMax = greatest(exact.bias);
  for (;;) {
    const { params, raisedBy } = weightParams(range, {
      scaleIn: input.scale,
      inputZeroPoint: input.zeroPoint,
      scaleOut: stored.output.quantization.scale,
      biasMax,
      taps: tapsOf(exact),
    });
    const rounded = isSecondOrder
      ? roundByGroups(kernel, moments, params)
      : { bytes: quantizeArray(kernel, params) };
    const bias =
      matchMeans && moments !== undefined
        ? withMeansMatched(exact, rounded.bytes, params, moments)
        : exact.bias;
    const largest = greatest(bias);
    const fits = largest <= biasLimit(stored, input, params);
    if (!fits && largest > biasMax) {
      biasMax = largest;
      continue;
    }
    return {
      node: {
        ...stored,
        weights: { ...stored.weights, data: rounded.bytes, quantization: params },
        bias: quantizeBias(exact.name, bias, input.scale, params.scale),
      },
      rangeShare: shareOf(range, exact.kernel),
      raisedBy,
      ...('gainDb' in rounded && { roundingGainDb: rounded.gainDb }),
    };
  }
}

/** How large, in real numbers, a bias may be that leaves no accumulator int32 (eq. 4). */
export function biasLimit(
  { op, weights, name }: Pick<WeightedNode, 'op' | 'weights' | 'name'>,
  input: QuantizationParams,
  params: QuantizationParams,
): number {
  const products = accumulatorBound({
    biasMax: 0,
    taps: tapsOf({ op, kernelShape: weights.shape, name }),
    inputZeroPoint: input.zeroPoint,
    weightZeroPoint: params.zeroPoint,
  });
  return (INT32_MAX - products - 1) * accumulatorScale(input.scale, params.scale);
}

/** Products per output. */
function tapsOf({
  op,
  kernelShape,
}: Pick<FloatWeightedNode, 'op' | 'kernelShape' | 'name'>): number {
  return kernelShape[0] * kernelShape[1] * (op === 'depthwiseConv2d' ? 1 : kernelShape[2]);
}

function greatest(values: Float32Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

function shareOf({ min, max }: ObservedRange, kernel: Float32Array): number {
  const own = weightRange(kernel, 'minMax');
  const width = Math.max(own.max, 0) - Math.min(own.min, 0);
  return width === 0 ? 1 : (Math.max(max, 0) - Math.min(min, 0)) / width;
}

/** [K, M] the variance of what each weight multiplies. */
function variancesOf(kernel: Float32Array, { groups, inputs, covariance }: InputMoments) {
  const outputs = kernel.length / inputs;
  const each = outputs / groups;
  const variances = new Float64Array(kernel.length);
  for (let k = 0; k < inputs; k++) {
    for (let m = 0; m < outputs; m++) {
      const group = Math.floor(m / each);
      variances[k * outputs + m] = covariance[(group * inputs + k) * inputs + k];
    }
  }
  return variances;
}

function roundByGroups(
  kernel: Float32Array,
  { groups, inputs, covariance }: InputMoments,
  params: QuantizationParams,
) {
  const outputs = kernel.length / inputs;
  const each = outputs / groups;
  const bytes = new Uint8Array(kernel.length);
  let [error, nearestError] = [0, 0];
  for (let group = 0; group < groups; group++) {
    const rounded = roundSecondOrder(
      Float64Array.from(columnsOf(kernel, inputs, outputs, group * each, each)),
      covariance.subarray(group * inputs * inputs, (group + 1) * inputs * inputs),
      params,
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

/** Biases at which the mean of each output before the activation is that of the float layer. */
function withMeansMatched(
  { kernel, bias }: FloatWeightedNode,
  bytes: Uint8Array,
  { scale, zeroPoint }: QuantizationParams,
  { groups, inputs, means, floatMeans }: InputMoments,
): Float32Array {
  const outputs = bias.length;
  const each = outputs / groups;
  const matched = Float64Array.from(bias);
  for (let k = 0; k < inputs; k++) {
    for (let m = 0; m < outputs; m++) {
      const at = Math.floor(m / each) * inputs + k;
      const index = k * outputs + m;
      matched[m] += kernel[index] * floatMeans[at] - scale * (bytes[index] - zeroPoint) * means[at];
    }
  }
  return Float32Array.from(matched);
}
