import { InvalidValueError } from '../foundation/errors.ts';

/**
 * The four core layers of "A Quantization-Friendly Separable Convolution for MobileNets"
 * (arXiv 1803.08607, section 3), each as its difference from the one before.
 */
export interface Variant {
  readonly name: VariantName;
  /** Batch norm after the depthwise convolution; without it the depthwise has a bias. */
  readonly depthwiseBatchNorm: boolean;
  readonly depthwiseActivation: 'relu6' | 'linear';
  /** After the first convolution and after every pointwise convolution. */
  readonly activation: 'relu6' | 'relu';
  /** L2 regularization of the depthwise weights while training (slim leaves them without). */
  readonly regularizeDepthwise: boolean;
}

export type VariantName = 'standard' | 'no-depthwise-bn' | 'relu' | 'friendly';

export const STANDARD: Variant = {
  name: 'standard',
  depthwiseBatchNorm: true,
  depthwiseActivation: 'relu6',
  activation: 'relu6',
  regularizeDepthwise: false,
};

export const NO_DEPTHWISE_BN: Variant = {
  ...STANDARD,
  name: 'no-depthwise-bn',
  depthwiseBatchNorm: false,
  depthwiseActivation: 'linear',
};

export const RELU: Variant = { ...NO_DEPTHWISE_BN, name: 'relu', activation: 'relu' };

export const FRIENDLY: Variant = { ...RELU, name: 'friendly', regularizeDepthwise: true };

export const VARIANTS: readonly Variant[] = [STANDARD, NO_DEPTHWISE_BN, RELU, FRIENDLY];

/** @throws InvalidValueError when there is no variant of that name. */
export function variantNamed(name: string): Variant {
  const variant = VARIANTS.find((candidate) => candidate.name === name);
  if (variant === undefined) {
    throw new InvalidValueError(
      `Expected one of ${VARIANTS.map((v) => v.name).join(', ')} for the variant but received "${name}"`,
    );
  }
  return variant;
}
