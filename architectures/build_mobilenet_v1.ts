import * as tf from '@tensorflow/tfjs';
import {
  applyConvolution,
  type BuildOptions,
  buildSettings,
  classifier,
  pooledFeatures,
} from './build_layers.ts';
import { INPUT_CHANNELS } from './conv_layer.ts';
import { convLayers, type MobileNetV1Config } from './mobilenet_v1.ts';

/** slim's `stddev` for every weight. */
const INITIAL_STDDEV = 0.09;
const SLIM_DROPOUT = 0.001;

/**
 * Builds a MobileNetV1 as a LayersModel: [N, resolution, resolution, 3] float32 in [−1, 1] to class
 * probabilities [N, classes]. Layers carry slim's endpoint names: `Conv2d_0`, its batch norm
 * `Conv2d_0/BatchNorm`, its activation `Conv2d_0/Relu6`, the logits `Conv2d_1c_1x1`. Initial
 * weights: truncated normal, σ = 0.09 as in slim's arg scope.
 * @throws InvalidValueError for a configuration that no network can have.
 */
export function buildMobileNetV1(
  config: MobileNetV1Config,
  options: BuildOptions = {},
): tf.LayersModel {
  const { resolution, variant, widthMultiplier, classes } = config;
  const settings = buildSettings(options, SLIM_DROPOUT);
  const layers = convLayers(config);
  const input = tf.input({ shape: [resolution, resolution, INPUT_CHANNELS], name: 'input' });
  let x = input;
  layers.forEach((layer, index) => {
    const isLogits = layer.kind === 'logits';
    if (isLogits) x = pooledFeatures(x, settings);
    const stddev = (isLogits ? settings.logitsStddev : undefined) ?? INITIAL_STDDEV;
    x = applyConvolution(layer, x, index, stddev, settings);
  });
  const name = `MobilenetV1_${widthMultiplier}_${resolution}_${classes}_${variant.name}`;
  return classifier(input, x, name);
}
