import type * as tf from '@tensorflow/tfjs';
import { buildMobileNetV1 } from '../build_mobilenet_v1.ts';
import { BATCH_NORM_EPSILON, batchNormOf } from '../conv_layer.ts';
import type { MobileNetV1Config } from '../mobilenet_v1.ts';
import type { ChainLayer } from './chain.ts';
import { readWeight, writeWeight } from './model_weights.ts';
import type { OutputStatistics, Reconstruction } from './reconstruct.ts';

/**
 * The rebuilt network as a LayersModel of its variant, with the chain's function.
 *
 * A pointwise layer's batch norm normalizes by the mean μ and the variance σ² that the layer's output
 * had on the images that it was fitted on, and undoes that by γ = √(σ² + ε) and β = bias + μ: the
 * fitted kernel stays as it is, and training that goes on finds moving statistics that are true. The
 * first convolution and its batch norm are the original's.
 *
 * @param original the network that was rebuilt
 * @param config of the rebuilt network
 */
export function rebuiltModel(
  original: tf.LayersModel,
  { chain, statistics }: Reconstruction,
  config: MobileNetV1Config,
): tf.LayersModel {
  const model = buildMobileNetV1(config);
  for (const layer of chain) {
    const { name, kind, kernel, bias } = layer;
    const fitted = statistics.get(name);
    if (fitted !== undefined && kind === 'pointwise') {
      writeWeight(model, name, 'kernel', kernel);
      writeBatchNorm(model, layer, fitted);
    } else if (kind === 'conv') {
      copyFirst(original, model, layer);
    } else {
      writeWeight(model, name, kind === 'depthwise' ? 'depthwise_kernel' : 'kernel', kernel);
      writeWeight(model, name, 'bias', bias);
    }
  }
  return model;
}

function writeBatchNorm(
  model: tf.LayersModel,
  { name, bias }: ChainLayer,
  { mean, variance }: OutputStatistics,
): void {
  const batchNorm = batchNormOf(name);
  // γ undoes the variance as it is stored, in single precision.
  const stored = Float32Array.from(variance);
  writeWeight(model, batchNorm, 'moving_mean', mean);
  writeWeight(model, batchNorm, 'moving_variance', stored);
  writeWeight(
    model,
    batchNorm,
    'gamma',
    Float64Array.from(stored, (value) => Math.sqrt(value + BATCH_NORM_EPSILON)),
  );
  writeWeight(
    model,
    batchNorm,
    'beta',
    bias.map((value, m) => value + mean[m]),
  );
}

/** Copies a layer and its batch norm; channels that the chain has removed become 0. */
function copyFirst(
  original: tf.LayersModel,
  model: tf.LayersModel,
  { name, kernel, bias }: ChainLayer,
): void {
  const channels = bias.length;
  const removed = Array.from(
    bias,
    (value, m) => value === 0 && kernel.every((weight, i) => i % channels !== m || weight === 0),
  );
  const copy = (layer: string, weight: string, ifRemoved: number | undefined) => {
    const values = readWeight(original, layer, weight);
    const kept =
      ifRemoved === undefined
        ? values
        : values.map((value, i) => (removed[i % channels] ? ifRemoved : value));
    writeWeight(model, layer, weight, kept);
  };
  copy(name, 'kernel', 0);
  const batchNorm = batchNormOf(name);
  copy(batchNorm, 'gamma', undefined);
  copy(batchNorm, 'beta', 0);
  copy(batchNorm, 'moving_mean', 0);
  copy(batchNorm, 'moving_variance', undefined);
}
