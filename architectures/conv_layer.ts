import { InvalidValueError } from '../foundation/errors.ts';

/** One convolution of a network, with its shapes resolved. */
export interface ConvLayer {
  readonly kind: 'conv' | 'depthwise' | 'pointwise' | 'logits';
  /** slim's endpoint, e.g. `Conv2d_3_depthwise`. */
  readonly name: string;
  readonly kernel: readonly [number, number];
  readonly stride: number;
  readonly padding: PaddingScheme;
  /** [H, W, C] */
  readonly inputShape: LayerShape;
  readonly outputShape: LayerShape;
  readonly batchNorm: boolean;
  /** Whether a batch norm of this network has a γ (slim's `scale`). */
  readonly batchNormScale: boolean;
  /** ε of its batch norm; `BATCH_NORM_EPSILON` unless given. */
  readonly batchNormEpsilon?: number;
  readonly bias: boolean;
  readonly activation: LayerActivation;
}

/** `hardSwish` is x · relu6(x + 3) / 6, `hardSigmoid6` relu6(x + 3) / 6 (arXiv 1905.02244, 5.2). */
export type LayerActivation = 'relu6' | 'relu' | 'linear' | 'hardSwish' | 'hardSigmoid6';

/** What the networks leave to choose but their core layer. */
export interface NetworkSizes {
  /** Height and width of the input, in pixels. */
  readonly resolution: number;
  /** Outputs of the network. */
  readonly classes: number;
  /** Every layer's filters are multiplied by it; 1 unless given. */
  readonly widthMultiplier?: number;
}

/** [H, W, C] */
export type LayerShape = readonly [number, number, number];

/** TensorFlow's: zeros around the image so that only the stride makes it smaller, or none. */
export type PaddingScheme = 'same' | 'valid';

/** Channels of the images that every network here reads: red, green and blue. */
export const INPUT_CHANNELS = 3;

/** slim's endpoint of the last convolution, whose outputs are the classes. */
export const LOGITS = 'Conv2d_1c_1x1';

/** Name of a convolution's batch norm. */
export function batchNormOf(layerName: string): string {
  return `${layerName}/BatchNorm`;
}

/** slim's `batch_norm_epsilon`. */
export const BATCH_NORM_EPSILON = 0.001;

/** Positions of a window along one side of an image. */
export function outputSize(
  size: number,
  window: number,
  stride: number,
  padding: PaddingScheme,
): number {
  return padding === 'same' ? Math.ceil(size / stride) : Math.floor((size - window) / stride) + 1;
}

/** @throws InvalidValueError for a class count or a resolution that a network cannot have */
export function checkSizes(
  { classes, resolution }: { readonly classes: number; readonly resolution: number },
  minResolution: number,
): void {
  if (!(Number.isInteger(resolution) && resolution >= minResolution)) {
    throw new InvalidValueError(
      `Expected a resolution of at least ${minResolution} pixels but received ${resolution}`,
    );
  }
  if (!(Number.isInteger(classes) && classes >= 2)) {
    throw new InvalidValueError(`Expected at least 2 classes but received ${classes}`);
  }
}

/** @throws InvalidValueError for a width multiplier that no network can have */
export function checkWidthMultiplier(widthMultiplier: number): void {
  if (!(widthMultiplier > 0 && Number.isFinite(widthMultiplier))) {
    throw new InvalidValueError(
      `Expected a width multiplier greater than 0 but received ${widthMultiplier}`,
    );
  }
}

/**
 * The multiple of 8 that is nearest to so many filters, at least 8 and at least nine tenths of them
 * (slim's and Keras' `_make_divisible`).
 */
export function divisibleBy8(filters: number): number {
  const nearest = Math.max(8, Math.floor((filters + 4) / 8) * 8);
  return nearest < 0.9 * filters ? nearest + 8 : nearest;
}

/**
 * The width multiplier of a layer of `filters`, which has `atOne` of them at 1: of two digits where one
 * such gives as many, since slim rounds ⌊filters · α⌋ down, else their quotient.
 */
export function widthMultiplierOf(filters: number, atOne: number): number {
  const quotient = filters / atOne;
  const rounded = Math.round(100 * quotient) / 100;
  return Math.trunc(atOne * rounded) === filters ? rounded : quotient;
}
