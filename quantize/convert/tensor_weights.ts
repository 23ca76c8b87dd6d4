import type { QuantizationParams } from '../params/quantization.ts';
import { type WeightScaleTerms, weightParams } from '../params/weight_params.ts';
import type { ObservedRange } from './observed_range.ts';
import type { Recipe, WeightChoice } from './recipe.ts';
import { inForm, powerOfTwoRange, symmetricRange } from './scale_forms.ts';
import { weightRange } from './weight_range.ts';

/** The weights of a layer, [K, M], and what a recipe makes of them. */
export interface WeightParts {
  /** What is quantized. */
  readonly kernel: Float32Array;
  /** The layer's own, before a refit. */
  readonly own: Float32Array;
  /** Of the input that each weight multiplies. */
  readonly variances: Float64Array | undefined;
  readonly choice: WeightChoice;
  readonly scales: Recipe['scales'];
}

/** What a layer asks of the scales of its weights; `biasMax`: [M] |bias|, real numbers. */
export interface LayerTerms extends Omit<WeightScaleTerms, 'biasMax'> {
  readonly biasMax: Float32Array;
}

/** The parameters of a layer's weights at what its biases ask for, one range for all of them. */
export function tensorParams({ kernel, own, variances, choice, scales }: WeightParts) {
  const chosen = weightRange(kernel, choice.range, variances);
  const form = choice.symmetric ? symmetricRange(chosen) : chosen;
  const range = scales === undefined ? form : powerOfTwoRange(form);
  const rangeShare = shareOf(range, own);
  return ({ biasMax, ...terms }: LayerTerms) => {
    const greatest = biasMax.reduce((most, value) => Math.max(most, value), 0);
    const { params, raisedBy } = weightParams(range, { ...terms, biasMax: greatest });
    const { scale, zeroPoint } = params;
    const quantization: QuantizationParams = { scale: inForm(scale, scales), zeroPoint };
    return { quantization, rangeShare, raisedBy };
  };
}

function shareOf({ min, max }: ObservedRange, kernel: Float32Array): number {
  const own = weightRange(kernel, 'minMax');
  const width = Math.max(own.max, 0) - Math.min(own.min, 0);
  return width === 0 ? 1 : (Math.max(max, 0) - Math.min(min, 0)) / width;
}
