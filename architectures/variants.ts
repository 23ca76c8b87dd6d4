import { InvalidValueError } from '../foundation/errors.ts';
import type { LayerActivation } from './conv_layer.ts';

/**
 * The four core layers of "A Quantization-Friendly Separable Convolution for MobileNets"
 * (arXiv 1803.08607, section 3), each as its difference from the one before. The paper has them for
 * MobileNetV1. In an inverted residual they change the depthwise convolution alike, which makes it and
 * the projection behind it one linear map, and the functions of all other layers that have one.
 */
export interface Variant {
  readonly name: VariantName;
  /** Batch norm after the depthwise convolution; without it the depthwise has a bias. */
  readonly depthwiseBatchNorm: boolean;
  /** `relu6` stands for the function that the network was published with: ReLU6 in MobileNetV1. */
  readonly depthwiseActivation: 'relu6' | 'linear';
  /**
   * After the first convolution and after every pointwise convolution that has a function. `relu6`
   * stands for the published function there too.
   */
  readonly activation: 'relu6' | 'relu';
  /** L2 regularization of the depthwise weights while training (slim leaves them without). */
  readonly regularizeDepthwise: boolean;
}

export type VariantName = 'standard' | 'no-depthwise-bn' | 'relu' | 'friendly';

/** The published core layer: batch norm and ReLU6 after the depthwise and after the pointwise. */
export const STANDARD: Variant = {
  name: 'standard',
  depthwiseBatchNorm: true,
  depthwiseActivation: 'relu6',
  activation: 'relu6',
  regularizeDepthwise: false,
};

/** `STANDARD` with a depthwise that is linear, without batch norm. */
export const NO_DEPTHWISE_BN: Variant = {
  ...STANDARD,
  name: 'no-depthwise-bn',
  depthwiseBatchNorm: false,
  depthwiseActivation: 'linear',
};

/** `NO_DEPTHWISE_BN` with ReLU for ReLU6. */
export const RELU: Variant = { ...NO_DEPTHWISE_BN, name: 'relu', activation: 'relu' };

/** `RELU` with L2 on the depthwise weights while training: the quantization-friendly core layer. */
export const FRIENDLY: Variant = { ...RELU, name: 'friendly', regularizeDepthwise: true };

/** All variants, each a difference from the one before. */
export const VARIANTS: readonly Variant[] = [STANDARD, NO_DEPTHWISE_BN, RELU, FRIENDLY];

/**
 * The variant of a name.
 * @throws InvalidValueError when there is none
 */
export function variantNamed(name: string): Variant {
  const variant = VARIANTS.find((candidate) => candidate.name === name);
  if (variant === undefined) {
    throw new InvalidValueError(
      `Expected one of ${VARIANTS.map((v) => v.name).join(', ')} for the variant but received "${name}"`,
    );
  }
  return variant;
}

/**
 * A variant's function after a convolution, other than a depthwise one, that was published with this
 * one. ReLU stands for ReLU6 and hard-swish; the gate of squeeze-and-excite stays as it is.
 */
export function activationIn({ activation }: Variant, published: LayerActivation): LayerActivation {
  const isReplaced = activation === 'relu' && (published === 'relu6' || published === 'hardSwish');
  return isReplaced ? 'relu' : published;
}

/** A variant's function after a depthwise convolution that was published with this one. */
export function depthwiseActivationIn(
  { depthwiseActivation }: Variant,
  published: LayerActivation,
): LayerActivation {
  return depthwiseActivation === 'linear' ? 'linear' : published;
}
