/**
 * MobileNetV1 (arXiv 1704.04861) as a table of rows, with the endpoint names of TF-slim's
 * `mobilenet_v1`. One loop (`build_network.ts`) turns the table into a network, another
 * (`layer_costs.ts`) counts its multiply-accumulates and parameters.
 */
import {
  type ConvLayer,
  checkSizes,
  checkWidthMultiplier,
  INPUT_CHANNELS,
  LOGITS,
  outputSize,
} from './conv_layer.ts';
import type { Variant } from './variants.ts';

export type MobileNetV1Row =
  /** A full convolution, batch norm, activation. */
  | { readonly op: 'conv'; readonly stride: 1 | 2; readonly filters: number }
  /** Depthwise 3 × 3, then pointwise 1 × 1: the core layer that the variants differ in. */
  | { readonly op: 'depthSeparable'; readonly stride: 1 | 2; readonly filters: number };

/** `Conv2d_0` to `Conv2d_13` at width multiplier 1. Every kernel is 3 × 3, "same" padding. */
export const MOBILENET_V1_ROWS: readonly MobileNetV1Row[] = [
  { op: 'conv', stride: 2, filters: 32 },
  { op: 'depthSeparable', stride: 1, filters: 64 },
  { op: 'depthSeparable', stride: 2, filters: 128 },
  { op: 'depthSeparable', stride: 1, filters: 128 },
  { op: 'depthSeparable', stride: 2, filters: 256 },
  { op: 'depthSeparable', stride: 1, filters: 256 },
  { op: 'depthSeparable', stride: 2, filters: 512 },
  { op: 'depthSeparable', stride: 1, filters: 512 },
  { op: 'depthSeparable', stride: 1, filters: 512 },
  { op: 'depthSeparable', stride: 1, filters: 512 },
  { op: 'depthSeparable', stride: 1, filters: 512 },
  { op: 'depthSeparable', stride: 1, filters: 512 },
  { op: 'depthSeparable', stride: 2, filters: 1024 },
  { op: 'depthSeparable', stride: 1, filters: 1024 },
];

/** Of `Conv2d_13_pointwise`, the widest layer, at width multiplier 1. */
export const LAST_FILTERS = MOBILENET_V1_ROWS.at(-1)!.filters;

const KERNEL_SIZE = 3;
const PADDING = 'same';
/** slim: no layer is narrower than this, whatever the width multiplier. */
const MIN_DEPTH = 8;
/** The strides halve the image five times. */
const MIN_RESOLUTION = 32;

export interface MobileNetV1Config {
  readonly variant: Variant;
  /** α of the MobileNet paper: every layer's filters are multiplied by it. Greater than 0. */
  readonly widthMultiplier: number;
  /** Height and width of the input, in pixels; at least 32. */
  readonly resolution: number;
  /** Outputs of the network; 1001 for slim's ImageNet networks, whose class 0 is the background. */
  readonly classes: number;
}

/** Filters of a row at a width multiplier: max(⌊filters · α⌋, 8), as in slim. */
export function scaledFilters(filters: number, widthMultiplier: number): number {
  return Math.max(Math.trunc(filters * widthMultiplier), MIN_DEPTH);
}

/**
 * The convolutions of a MobileNetV1 in order, from the table of rows.
 * @throws InvalidValueError for a width multiplier, resolution or class count that no network can have.
 */
export function convLayers(config: MobileNetV1Config): ConvLayer[] {
  const { variant, widthMultiplier, resolution, classes } = config;
  checkWidthMultiplier(widthMultiplier);
  checkSizes(config, MIN_RESOLUTION);
  const layers: ConvLayer[] = [];
  let size = resolution;
  let channels = INPUT_CHANNELS;
  const add = (
    layer: Pick<ConvLayer, 'kind' | 'name' | 'stride' | 'activation' | 'batchNorm'>,
    filters: number,
  ) => {
    const side = layer.kind === 'conv' || layer.kind === 'depthwise' ? KERNEL_SIZE : 1;
    const sizeAfter = outputSize(size, side, layer.stride, PADDING);
    layers.push({
      ...layer,
      kernel: [side, side],
      inputShape: [size, size, channels],
      padding: PADDING,
      outputShape: [sizeAfter, sizeAfter, filters],
      batchNormScale: true,
      bias: !layer.batchNorm,
    });
    size = sizeAfter;
    channels = filters;
  };
  MOBILENET_V1_ROWS.forEach((row, index) => {
    const filters = scaledFilters(row.filters, widthMultiplier);
    const { stride } = row;
    const { activation } = variant;
    if (row.op === 'conv') {
      add({ kind: 'conv', name: `Conv2d_${index}`, stride, activation, batchNorm: true }, filters);
      return;
    }
    add(
      {
        kind: 'depthwise',
        name: `Conv2d_${index}_depthwise`,
        stride,
        activation: variant.depthwiseActivation,
        batchNorm: variant.depthwiseBatchNorm,
      },
      channels,
    );
    add(
      {
        kind: 'pointwise',
        name: `Conv2d_${index}_pointwise`,
        stride: 1,
        activation,
        batchNorm: true,
      },
      filters,
    );
  });
  size = 1;
  add({ kind: 'logits', name: LOGITS, stride: 1, activation: 'linear', batchNorm: false }, classes);
  return layers;
}
