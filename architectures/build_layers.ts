/** What the networks have in common: their convolutions, their batch norms, their ends. */
import * as tf from '@tensorflow/tfjs';
import './hard_activations.ts';
import { deriveSeed } from '../foundation/hashes/derive_seed.ts';
import { BATCH_NORM_EPSILON, batchNormOf, type ConvLayer } from './conv_layer.ts';
import { SQUEEZED_LOGITS } from './logits_model.ts';

export interface BuildOptions {
  /**
   * Share of the pooled features that dropout sets to 0 while training; slim's unless given: 0.001
   * of a MobileNetV1, 0.2 of an InceptionV3.
   */
  readonly dropout?: number;
  /** Share of the old moving average kept at each training step; 0.9997 in slim. */
  readonly batchNormDecay?: number;
  /** σ of the logits layer's initial weights; by the rule of all layers unless given. */
  readonly logitsStddev?: number;
  /** Seed of the initial weights, ≥ 0. */
  readonly seed?: number;
}

/** Options with slim's values where none are given. */
export interface BuildSettings extends BuildOptions {
  readonly dropout: number;
  readonly batchNormDecay: number;
  readonly seed: number;
}

/** @param slimDropout slim's share for the network that is built */
export function buildSettings(options: BuildOptions, slimDropout: number): BuildSettings {
  const { dropout = slimDropout, batchNormDecay = 0.9997, seed = 0, ...rest } = options;
  return { ...rest, dropout, batchNormDecay, seed };
}

/**
 * A convolution, its batch norm `<name>/BatchNorm` and its activation `<name>/Relu` or
 * `<name>/Relu6`, where the layer has them.
 * @param index of the layer in its network, which its initial weights are drawn by
 * @param stddev σ of its initial weights, from a normal distribution truncated at 2σ
 */
export function applyConvolution(
  layer: ConvLayer,
  x: tf.SymbolicTensor,
  index: number,
  stddev: number,
  { batchNormDecay, seed }: BuildSettings,
): tf.SymbolicTensor {
  const initializer = tf.initializers.truncatedNormal({
    mean: 0,
    stddev,
    seed: deriveSeed(seed, 'kernel', index),
  });
  let y = convolution(layer, initializer).apply(x) as tf.SymbolicTensor;
  if (layer.batchNorm) {
    y = tf.layers
      .batchNormalization({
        name: batchNormOf(layer.name),
        epsilon: layer.batchNormEpsilon ?? BATCH_NORM_EPSILON,
        momentum: batchNormDecay,
        scale: layer.batchNormScale,
      })
      .apply(y) as tf.SymbolicTensor;
  }
  return activation(layer, y);
}

/** x: [N, H, W, C] → its mean over the image, with dropout, as [N, 1, 1, C]. */
export function pooledFeatures(x: tf.SymbolicTensor, settings: BuildSettings): tf.SymbolicTensor {
  const channels = x.shape[3]!;
  const pooled = tf.layers
    .globalAveragePooling2d({ name: 'AvgPool_1a', dataFormat: 'channelsLast' })
    .apply(x) as tf.SymbolicTensor;
  return asImage('AvgPool_1a', channels, droppedFeatures(pooled, settings));
}

/** Features with a share of them set to 0 while training. */
export function droppedFeatures(
  features: tf.SymbolicTensor,
  { dropout, seed }: BuildSettings,
): tf.SymbolicTensor {
  return tf.layers
    .dropout({ name: 'Dropout_1b', rate: dropout, seed: deriveSeed(seed, 'dropout', 0) })
    .apply(features) as tf.SymbolicTensor;
}

/** x: [N, H, W, C] → its mean over the image as [N, 1, 1, C]. */
export function globalMean(name: string, x: tf.SymbolicTensor): tf.SymbolicTensor {
  const pooled = tf.layers
    .globalAveragePooling2d({ name, dataFormat: 'channelsLast' })
    .apply(x) as tf.SymbolicTensor;
  return asImage(name, x.shape[3]!, pooled);
}

/** [N, C] → [N, 1, 1, C] */
function asImage(name: string, channels: number, x: tf.SymbolicTensor): tf.SymbolicTensor {
  return tf.layers
    .reshape({ name: `${name}/Reshape`, targetShape: [1, 1, channels] })
    .apply(x) as tf.SymbolicTensor;
}

/** The network from its input to class probabilities, given its logits [N, 1, 1, classes]. */
export function classifier(
  input: tf.SymbolicTensor,
  logits: tf.SymbolicTensor,
  name: string,
): tf.LayersModel {
  const squeezed = tf.layers.flatten({ name: SQUEEZED_LOGITS }).apply(logits);
  const predictions = tf.layers.softmax({ name: 'Predictions' }).apply(squeezed);
  return tf.model({ inputs: input, outputs: predictions as tf.SymbolicTensor, name });
}

function convolution(
  layer: ConvLayer,
  initializer: ReturnType<typeof tf.initializers.truncatedNormal>,
): tf.layers.Layer {
  const shared = {
    name: layer.name,
    strides: layer.stride,
    padding: layer.padding,
    useBias: layer.bias,
  };
  const kernelSize: [number, number] = [...layer.kernel];
  if (layer.kind === 'depthwise') {
    return tf.layers.depthwiseConv2d({ ...shared, kernelSize, depthwiseInitializer: initializer });
  }
  return tf.layers.conv2d({
    ...shared,
    kernelSize,
    filters: layer.outputShape[2],
    kernelInitializer: initializer,
  });
}

function activation({ name, activation }: ConvLayer, x: tf.SymbolicTensor): tf.SymbolicTensor {
  const layer = activationLayer(name, activation);
  return layer === undefined ? x : (layer.apply(x) as tf.SymbolicTensor);
}

/** `<name>/Relu6` and its like; undefined where there is none. */
function activationLayer(
  name: string,
  activation: ConvLayer['activation'],
): tf.layers.Layer | undefined {
  switch (activation) {
    case 'linear':
      return undefined;
    case 'relu6':
      return tf.layers.reLU({ name: `${name}/Relu6`, maxValue: 6 });
    case 'relu':
      return tf.layers.reLU({ name: `${name}/Relu` });
    case 'hardSwish':
      return ofFunction(`${name}/HardSwish`, activation);
    case 'hardSigmoid6':
      return ofFunction(`${name}/HardSigmoid`, activation);
  }
}

/** TensorFlow.js' types know none but its own functions. */
function ofFunction(name: string, activation: string): tf.layers.Layer {
  const config: unknown = { name, activation };
  return tf.layers.activation(config as Parameters<typeof tf.layers.activation>[0]);
}
