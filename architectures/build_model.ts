import * as tf from '@tensorflow/tfjs';
import { deriveSeed } from './derive_seed.ts';
import {
  BATCH_NORM_EPSILON,
  type ConvLayer,
  convLayers,
  INPUT_CHANNELS,
  type MobileNetV1Config,
} from './mobilenet_v1.ts';

/** slim's `stddev` for every weight. */
const INITIAL_STDDEV = 0.09;

export interface BuildOptions {
  /** Share of the pooled features that dropout sets to 0 while training; 0.001 in slim. */
  readonly dropout?: number;
  /** Share of the old moving average kept at each training step; 0.9997 in slim. */
  readonly batchNormDecay?: number;
  /** σ of the logits layer's initial weights; 0.09, that of all layers, unless given. */
  readonly logitsStddev?: number;
  /** Seed of the initial weights, ≥ 0. */
  readonly seed?: number;
}

/**
 * Builds a MobileNetV1 as a LayersModel: [N, resolution, resolution, 3] float32 in [−1, 1] to class
 * probabilities [N, classes]. Layers carry slim's endpoint names: `Conv2d_0`, its batch norm
 * `Conv2d_0/BatchNorm`, its activation `Conv2d_0/Relu6`, the logits `Conv2d_1c_1x1`. Initial
 * weights: truncated normal, σ = 0.09 as in slim's arg scope.
 * @throws RangeError for a configuration that no network can have.
 */
export function buildMobileNetV1(
  config: MobileNetV1Config,
  options: BuildOptions = {},
): tf.LayersModel {
  const {
    dropout = 0.001,
    batchNormDecay = 0.9997,
    logitsStddev = INITIAL_STDDEV,
    seed = 0,
  } = options;
  const { resolution, variant, widthMultiplier, classes } = config;
  const layers = convLayers(config);
  const input = tf.input({ shape: [resolution, resolution, INPUT_CHANNELS], name: 'input' });
  let x = input;
  layers.forEach((layer, index) => {
    if (layer.kind === 'logits') x = pooledFeatures(x, dropout, seed);
    const stddev = layer.kind === 'logits' ? logitsStddev : INITIAL_STDDEV;
    const initializer = tf.initializers.truncatedNormal({
      mean: 0,
      stddev,
      seed: deriveSeed(seed, 'kernel', index),
    });
    x = convolution(layer, initializer).apply(x) as tf.SymbolicTensor;
    if (layer.batchNorm) {
      x = tf.layers
        .batchNormalization({
          name: `${layer.name}/BatchNorm`,
          epsilon: BATCH_NORM_EPSILON,
          momentum: batchNormDecay,
        })
        .apply(x) as tf.SymbolicTensor;
    }
    x = activation(layer, x);
  });
  x = tf.layers.flatten({ name: 'SpatialSqueeze' }).apply(x) as tf.SymbolicTensor;
  const predictions = tf.layers.softmax({ name: 'Predictions' }).apply(x) as tf.SymbolicTensor;
  return tf.model({
    inputs: input,
    outputs: predictions,
    name: `MobilenetV1_${widthMultiplier}_${resolution}_${classes}_${variant.name}`,
  });
}

/** The part of a network built here that ends at the logits [N, classes]; it shares the layers. */
export function logitsModel(model: tf.LayersModel): tf.LayersModel {
  const logits = model.getLayer('SpatialSqueeze').output as tf.SymbolicTensor;
  return tf.model({ inputs: model.inputs, outputs: logits, name: `${model.name}_logits` });
}

function pooledFeatures(x: tf.SymbolicTensor, dropout: number, seed: number): tf.SymbolicTensor {
  const channels = x.shape[3]!;
  const pooled = tf.layers
    .globalAveragePooling2d({ name: 'AvgPool_1a', dataFormat: 'channelsLast' })
    .apply(x);
  const dropped = tf.layers
    .dropout({ name: 'Dropout_1b', rate: dropout, seed: deriveSeed(seed, 'dropout', 0) })
    .apply(pooled);
  return tf.layers
    .reshape({ name: 'AvgPool_1a/Reshape', targetShape: [1, 1, channels] })
    .apply(dropped) as tf.SymbolicTensor;
}

function convolution(
  layer: ConvLayer,
  initializer: ReturnType<typeof tf.initializers.truncatedNormal>,
): tf.layers.Layer {
  const shared = {
    name: layer.name,
    strides: layer.stride,
    padding: 'same' as const,
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

function activation(layer: ConvLayer, x: tf.SymbolicTensor): tf.SymbolicTensor {
  if (layer.activation === 'linear') return x;
  const relu =
    layer.activation === 'relu6'
      ? tf.layers.reLU({ name: `${layer.name}/Relu6`, maxValue: 6 })
      : tf.layers.reLU({ name: `${layer.name}/Relu` });
  return relu.apply(x) as tf.SymbolicTensor;
}
