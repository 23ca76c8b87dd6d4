import * as z from 'zod';
import { requireAccumulatorFits } from '../params/accumulator.ts';
import { QuantizationError } from '../params/errors.ts';
import {
  type ActivationKind,
  activationBounds,
  multiplierFor,
  requantizeMultiplier,
} from '../params/requantization.ts';
import { DEFAULT_ROUNDING, type RoundingName } from '../params/roundings.ts';
import {
  isPerChannel,
  ofScales,
  requireWeightQuantization,
  type WeightQuantization,
  weightScales,
} from '../params/weight_quantization.ts';
import type { Padding } from '../params/window.ts';
import { inNode } from './check.ts';
import type { ChannelRequantization } from './requantization.ts';
import {
  ActivationField,
  Count,
  NODE_FIELDS,
  PaddingField,
  Pair,
  Positive,
  WeightQuantizationField,
} from './schema.ts';
import type { NodeBase, Shape4, TensorSpec } from './tensor.ts';

/** A quantized weight tensor with one range for the whole layer, or one a channel of the output (eq. 3). */
export interface QuantizedWeights {
  readonly data: Uint8Array;
  /**
   * conv2d: [kh, kw, C / groups, M]; depthwiseConv2d: [kh, kw, C, depthMultiplier]; fullyConnected: [1, 1, K, M].
   */
  readonly shape: Shape4;
  readonly quantization: WeightQuantization;
}

/** What nodes with weights have. */
export interface WeightedFields {
  readonly weights: QuantizedWeights;
  /** [M] int32 at scaleIn · scaleWeight, zero point 0; the scale is the channel's where each has its own. */
  readonly bias: Int32Array;
  readonly strides: readonly [number, number];
  /** Filled with the input's zero point. */
  readonly padding: Padding;
  readonly activation: ActivationKind;
}

/** Weights and biases as a TF8 file's header holds them. */
export interface StoredWeights {
  readonly weights: {
    readonly offset: number;
    readonly shape: Shape4;
    readonly quantization: WeightQuantization;
  };
  readonly bias: { readonly offset: number; readonly length: number };
}

/** The fields of a node with weights in a file. */
export function weightedHeader<Op extends string>(op: Op) {
  return z.strictObject({
    ...NODE_FIELDS,
    op: z.literal(op),
    weights: z.strictObject({
      offset: Count,
      shape: z.tuple([Positive, Positive, Positive, Positive]),
      quantization: WeightQuantizationField,
    }),
    bias: z.strictObject({ offset: Count, length: Positive }),
    strides: Pair,
    padding: PaddingField,
    activation: ActivationField,
  });
}

/** What a call takes of weights: the filter's bytes, its biases, eq. 5. */
export interface WeightedCall extends ChannelRequantization {
  readonly inputZeroPoint: number;
  /** uint8 */
  readonly filter: Uint8Array;
  readonly filterZeroPoint: number;
  /** [M] int32, at scaleIn · scaleWeight, zero point 0 */
  readonly bias: Int32Array;
}

/** The version of the file that has a layer's parameters of weights. */
export function weightedSince({ weights }: Pick<WeightedFields, 'weights'>): 1 | 3 {
  return isPerChannel(weights.quantization) ? 3 : 1;
}

export function weightedCall(
  { weights, bias, activation, output }: WeightedFields & Pick<NodeBase, 'output'>,
  { quantization: input }: TensorSpec,
  rounding: RoundingName = DEFAULT_ROUNDING,
): WeightedCall {
  return {
    inputZeroPoint: input.zeroPoint,
    filter: weights.data,
    filterZeroPoint: weights.quantization.zeroPoint,
    bias,
    multiplier: ofScales(weights.quantization, (scale) =>
      multiplierFor(rounding, input.scale, scale, output.quantization.scale),
    ),
    ...(rounding !== DEFAULT_ROUNDING && { rounding }),
    outputZeroPoint: output.quantization.zeroPoint,
    ...activationBounds(activation, output.quantization),
  };
}

/**
 * Proves that weights and biases have their lengths, scales are normal singles and no accumulator
 * leaves int32 (eq. 4).
 * @param depth what the third of the weights' sides must be
 * @param taps products per output
 * @throws QuantizationError that names the node
 */
export function checkWeights(
  { name, weights, bias, output }: NodeBase & WeightedFields,
  { quantization: input }: TensorSpec,
  depth: number,
  taps: number,
): void {
  const { shape, quantization } = weights;
  if (shape[2] !== depth) {
    throw new QuantizationError(
      `Expected weights for ${depth} input channels in ${name} but received [${shape}]`,
    );
  }
  const length = shape[0] * shape[1] * shape[2] * shape[3];
  if (weights.data.length !== length) {
    throw new QuantizationError(
      `Expected ${length} weights in ${name} but received ${weights.data.length}`,
    );
  }
  if (bias.length !== output.shape[2]) {
    throw new QuantizationError(
      `Expected ${output.shape[2]} biases in ${name} but received ${bias.length}`,
    );
  }
  requireWeightQuantization(name, quantization, bias.length);
  for (const scale of weightScales(quantization)) {
    inNode(name, () => requantizeMultiplier(input.scale, scale, output.quantization.scale));
  }
  requireAccumulatorFits(name, {
    biasMax: bias.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
    taps,
    inputZeroPoint: input.zeroPoint,
    weightZeroPoint: quantization.zeroPoint,
  });
}
