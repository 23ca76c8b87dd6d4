/** What a layer's Keras configuration means to TF8; refuses, by the layer's name, what TF8 has not. */
import type { ImageShape } from '../../quantize/model/tf8_model.ts';
import { QuantizationError } from '../../quantize/params/errors.ts';
import type { ActivationKind } from '../../quantize/params/requantization.ts';
import { NO_PADDING, type Padding, samePadding } from '../../quantize/params/window.ts';
import type { SourceLayer } from './read_layers_model.ts';

/** Refuses channels in front of height and width. */
export function requireChannelsLast(layer: SourceLayer): void {
  const { data_format: format } = layer.config;
  if (format !== undefined && format !== null && format !== 'channels_last') {
    throw unsupported(layer, `the data format ${String(format)}`);
  }
}

/** Refuses any axis but that of the channels: −1, 3 of images, 1 of vectors. */
export function requireChannelAxis(layer: SourceLayer, what: string): void {
  const { axis } = layer.config;
  if (axis !== -1 && axis !== layer.rank - 1) {
    throw unsupported(
      layer,
      `its axis ${String(axis)}; TF8 ${what} channels (axis ${layer.rank - 1})`,
    );
  }
}

/** The sum, side by side. */
export function addPadding(a: Padding, b: Padding): Padding {
  const sum = {
    top: a.top + b.top,
    bottom: a.bottom + b.bottom,
    left: a.left + b.left,
    right: a.right + b.right,
  };
  return Object.values(sum).every((side) => side === 0) ? NO_PADDING : sum;
}

/** "same" or "valid" padding of a window over an image, in rows and columns. */
export function windowPadding(
  layer: SourceLayer,
  [height, width]: ImageShape,
  window: readonly [number, number],
  strides: readonly [number, number],
): Padding {
  const { padding } = layer.config;
  if (padding === 'valid') return NO_PADDING;
  if (padding === 'same') return samePadding([height, width], window, strides);
  throw unsupported(layer, `the padding ${String(padding)}`);
}

/** The activation that a layer brings along. */
export function activationOf(layer: SourceLayer): ActivationKind {
  const { activation } = layer.config;
  if (activation === undefined || activation === 'linear') return 'linear';
  if (activation === 'relu' || activation === 'relu6') return activation;
  throw unsupported(layer, `the activation ${String(activation)}; it has relu, relu6, linear`);
}

/** The activation of a ReLU layer by its bound. */
export function reluKind(layer: SourceLayer): ActivationKind {
  const limit = layer.config.max_value;
  if (limit === undefined || limit === null) return 'relu';
  if (limit === 6) return 'relu6';
  throw unsupported(layer, `a ReLU bounded at ${String(limit)}; it has ReLU and ReLU6`);
}

/** A number for both sides, or one for each. */
export function pair(value: unknown): [number, number] {
  return Array.isArray(value) ? [value[0], value[1]] : [value as number, value as number];
}

/** The error that names the layer and what of it TF8 has not. */
export function unsupported(layer: SourceLayer, what: string): QuantizationError {
  return new QuantizationError(`TF8 does not support ${layer.name} (${layer.className}): ${what}`);
}
