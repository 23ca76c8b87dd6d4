import type { ConvLayer } from './conv_layer.ts';
import type { NetworkChoices } from './network_choices.ts';
import { convolutionsOf } from './network_layers.ts';
import { type NetworkName, networkNamed } from './registry.ts';

export interface LayerCost {
  readonly name: string;
  readonly kind: ConvLayer['kind'];
  /** [H, W, C] */
  readonly outputShape: readonly [number, number, number];
  /** Multiply-accumulates for one image. */
  readonly macs: number;
  /** Weights and biases of the convolution. */
  readonly weights: number;
  /** Channels of the batch norm, 0 without one. */
  readonly batchNormChannels: number;
  /** Numbers of the batch norm that an optimizer changes: β, and γ where there is one. */
  readonly batchNormTrainable: number;
}

export interface NetworkCost {
  readonly layers: readonly LayerCost[];
  readonly macs: number;
  /** What an optimizer changes: weights, biases, β, and γ where a network has it. */
  readonly trainableParameters: number;
  /** Every number that is stored: the trainable ones, moving means and moving variances. */
  readonly storedParameters: number;
  /**
   * slim's published count: weights, biases, and three numbers per batch-norm channel (β, mean,
   * variance; γ is left out). It gives 4.24, 2.59, 1.34 and 0.47 million for the widths 1.0, 0.75,
   * 0.5 and 0.25 of slim's `mobilenet_v1.md`, which no other convention does. It is slim's count of
   * an InceptionV3 too, whose batch norms have no γ.
   */
  readonly publishedParameters: number;
}

/**
 * What a network costs, convolution by convolution.
 * @throws InvalidValueError for a configuration that no network can have.
 */
export function costOfNetwork({
  network,
  ...choices
}: NetworkChoices & { readonly network: NetworkName }): NetworkCost {
  return networkCost(convolutionsOf(networkNamed(network).layers(choices)));
}

/** Multiply-accumulates and parameters per layer; MACs count convolutions only, as slim does. */
export function networkCost(layers: readonly ConvLayer[]): NetworkCost {
  const costs = layers.map(layerCost);
  const total = (of: (cost: LayerCost) => number) => costs.reduce((sum, cost) => sum + of(cost), 0);
  const weights = total((cost) => cost.weights);
  const channels = total((cost) => cost.batchNormChannels);
  const trainable = weights + total((cost) => cost.batchNormTrainable);
  return {
    layers: costs,
    macs: total((cost) => cost.macs),
    trainableParameters: trainable,
    storedParameters: trainable + 2 * channels,
    publishedParameters: weights + 3 * channels,
  };
}

function layerCost(layer: ConvLayer): LayerCost {
  const [kernelHeight, kernelWidth] = layer.kernel;
  const [height, width, filters] = layer.outputShape;
  const taps = kernelHeight * kernelWidth * (layer.kind === 'depthwise' ? 1 : layer.inputShape[2]);
  return {
    name: layer.name,
    kind: layer.kind,
    outputShape: layer.outputShape,
    macs: height * width * filters * taps,
    weights: filters * taps + (layer.bias ? filters : 0),
    batchNormChannels: layer.batchNorm ? filters : 0,
    batchNormTrainable: layer.batchNorm ? filters * (layer.batchNormScale ? 2 : 1) : 0,
  };
}
