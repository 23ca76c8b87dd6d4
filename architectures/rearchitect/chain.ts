import type { ConvLayer } from '../conv_layer.ts';

export type Activation = ConvLayer['activation'];

/** A convolution with its batch norm folded in, "same" padding, and the activation after it. */
export interface ChainLayer {
  /** slim's endpoint, e.g. `Conv2d_3_depthwise`. */
  readonly name: string;
  /** Global average pooling comes before `logits`. */
  readonly kind: ConvLayer['kind'];
  readonly stride: number;
  /** conv, pointwise, logits: [kh, kw, C, M]; depthwise: [kh, kw, C, 1]. */
  readonly kernelShape: readonly [number, number, number, number];
  /** Row-major. */
  readonly kernel: Float64Array;
  /** One for each output channel. */
  readonly bias: Float64Array;
  readonly activation: Activation;
}

/** A MobileNetV1 as a plain list: the first convolution, depthwise and pointwise in turn, the logits. */
export type Chain = readonly ChainLayer[];

export function outputChannels({ bias }: ChainLayer): number {
  return bias.length;
}

export function inputChannels({ kernelShape }: ChainLayer): number {
  return kernelShape[2];
}

/** Output channels stand innermost in every kernel: a depthwise kernel's are its input channels. */
export function outputChannelOf(layer: ChainLayer, index: number): number {
  return index % outputChannels(layer);
}

/** The activation of a number. */
export function activate(activation: Activation, value: number): number {
  if (activation === 'linear') return value;
  return Math.min(Math.max(value, 0), activation === 'relu6' ? 6 : Infinity);
}
