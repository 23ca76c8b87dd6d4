/** One layer of a LayersModel, and what its Keras configuration means to a float graph. */
import { UnsupportedLayerError } from './errors.ts';
import { type Activation, isPlainActivation, reluOf } from './operations/activation_function.ts';
import { approximateGelu, exactGelu, MISH } from './operations/functions.ts';
import { HARD_SIGMOID_6, HARD_SWISH } from './operations/hard_swish.ts';
import type { Shape } from './shape.ts';
import { NO_PADDING, type Padding, samePadding } from './window.ts';

/** What Keras' configuration says of a layer, and its weights. */
export interface KerasLayer {
  readonly name: string;
  /** Keras' class name, e.g. "DepthwiseConv2D". */
  readonly className: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** Names of the nodes that make what it reads. */
  readonly inputs: readonly string[];
  readonly inputShapes: readonly Shape[];
  readonly outputShape: Shape;
  /** In the order of `layer.getWeights()`, which leaves absent ones (`useBias: false`) out. */
  readonly weights: readonly { readonly shape: readonly number[]; readonly data: Float32Array }[];
}

/** What every node of the layer has. */
export function baseOf({ name, inputs, className }: KerasLayer) {
  return { name, inputs, className };
}

/** @throws UnsupportedLayerError for channels in front of height and width */
export function requireChannelsLast(layer: KerasLayer): void {
  const { data_format: format } = layer.config;
  if (format !== undefined && format !== null && format !== 'channels_last') {
    throw new UnsupportedLayerError(layer, `the data format ${String(format)}`);
  }
}

/** The layer's axis, counted from the last: −1 is the channels. */
export function axisOf({ config, inputShapes }: KerasLayer): number {
  const axis = config.axis as number;
  // Keras counts the batch.
  return axis < 0 ? axis : axis - (inputShapes[0].length + 1);
}

/** The axis as Keras counts it; TensorFlow.js joins channels whatever it finds below 0. */
export function kerasAxis(axis: number, shape: Shape): number {
  return axis === -1 ? axis : axis + shape.length + 1;
}

/** "same" or "valid" padding of a window over the layer's image, in rows and columns. */
export function windowPadding(
  layer: KerasLayer,
  window: readonly [number, number],
  strides: readonly [number, number],
): Padding {
  const { padding } = layer.config;
  if (padding === 'valid') return NO_PADDING;
  if (padding === 'same') return samePadding(layer.inputShapes[0], window, strides);
  throw new UnsupportedLayerError(layer, `the padding ${String(padding)}`);
}

/** Keras' names that are not ours. */
const NAMES: Readonly<Record<string, Activation>> = {
  hard_sigmoid: 'hardSigmoid',
  hard_sigmoid6: HARD_SIGMOID_6,
  hard_swish: HARD_SWISH,
  gelu: exactGelu(),
  gelu_new: approximateGelu(),
  mish: MISH,
};

/** The activation that a layer brings along, except a softmax, which is an operation of its own. */
export function activationOf(layer: KerasLayer): Activation {
  const { activation = 'linear' } = layer.config;
  if (activation === 'softmax') return 'linear';
  const name = String(activation);
  if (Object.hasOwn(NAMES, name)) return NAMES[name];
  if (isPlainActivation(name)) return name;
  throw new UnsupportedLayerError(layer, `the activation ${name}`);
}

/** The activation of a layer that is a ReLU of some kind. */
export function reluLayer({ config }: KerasLayer): Activation {
  return reluOf({
    max: numberOf(config.max_value) ?? Infinity,
    // LeakyReLU's, and the general ReLU's
    slope: numberOf(config.alpha) ?? numberOf(config.negative_slope) ?? 0,
    // ThresholdedReLU's
    threshold: numberOf(config.theta) ?? numberOf(config.threshold) ?? 0,
  });
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** A number for both sides, or one for each. */
export function pair(value: unknown): [number, number] {
  return Array.isArray(value) ? [value[0], value[1]] : [value as number, value as number];
}
