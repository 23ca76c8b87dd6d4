import * as tf from '@tensorflow/tfjs';
import {
  applyConvolution,
  type BuildOptions,
  type BuildSettings,
  buildSettings,
  classifier,
  pooledFeatures,
} from './build_layers.ts';
import { type ConvLayer, INPUT_CHANNELS } from './conv_layer.ts';
import {
  INPUT_NAME,
  type InceptionLayer,
  type InceptionV3Config,
  inceptionV3Layers,
} from './inception_v3_layers.ts';

/** slim keeps 0.8 of the pooled features. */
const SLIM_DROPOUT = 0.2;

/**
 * Builds an InceptionV3 without its auxiliary head as a LayersModel: [N, resolution, resolution, 3]
 * float32 in [−1, 1] to class probabilities [N, classes]. Layers carry slim's endpoint names:
 * `Mixed_5b/Branch_0/Conv2d_0a_1x1`, its batch norm `…/BatchNorm`, its activation `…/Relu`, the
 * concatenation `Mixed_5b`, the logits `Conv2d_1c_1x1`. Initial weights as in slim's arg scope:
 * truncated normal of variance 2 / (kh · kw · C) (He et al., arXiv 1502.01852).
 * @throws InvalidValueError for a configuration that no network can have.
 */
export function buildInceptionV3(
  config: InceptionV3Config,
  options: BuildOptions = {},
): tf.LayersModel {
  const { resolution, classes, widthMultiplier = 1 } = config;
  const settings = buildSettings(options, SLIM_DROPOUT);
  const { base, logits } = inceptionV3Layers(config);
  const input = tf.input({ shape: [resolution, resolution, INPUT_CHANNELS], name: INPUT_NAME });
  const made = new Map([[INPUT_NAME, input]]);
  let x = input;
  base.forEach((layer, index) => {
    x = applyLayer(layer, index, made, settings);
    made.set(layer.name, x);
  });
  x = applyConvolution(
    logits,
    pooledFeatures(x, settings),
    base.length,
    settings.logitsStddev ?? initialStddev(logits),
    settings,
  );
  return classifier(input, x, `InceptionV3_${widthMultiplier}_${resolution}_${classes}`);
}

/** @param made what each layer before makes, by its name */
function applyLayer(
  layer: InceptionLayer,
  index: number,
  made: ReadonlyMap<string, tf.SymbolicTensor>,
  settings: BuildSettings,
): tf.SymbolicTensor {
  if (layer.op === 'concat') {
    const inputs = layer.inputs.map((name) => made.get(name)!);
    return tf.layers.concatenate({ name: layer.name }).apply(inputs) as tf.SymbolicTensor;
  }
  const x = made.get(layer.input)!;
  if (layer.op === 'conv') {
    return applyConvolution(layer, x, index, initialStddev(layer), settings);
  }
  const { name, stride: strides, padding } = layer;
  const options = { name, poolSize: [...layer.window] as [number, number], strides, padding };
  const pool =
    layer.op === 'maxPool' ? tf.layers.maxPooling2d(options) : tf.layers.averagePooling2d(options);
  return pool.apply(x) as tf.SymbolicTensor;
}

/**
 * σ of slim's `variance_scaling_initializer()`: √(1.3 · 2 / (kh · kw · C)). Truncation at 2σ leaves
 * 0.774 of the variance, which the 1.3 makes up for.
 */
function initialStddev({ kernel: [height, width], inputShape }: ConvLayer): number {
  return Math.sqrt((1.3 * 2) / (height * width * inputShape[2]));
}
