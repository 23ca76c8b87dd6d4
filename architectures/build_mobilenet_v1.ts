import type * as tf from '@tensorflow/tfjs';
import type { BuildOptions } from './build_layers.ts';
import type { MobileNetV1Config } from './mobilenet_v1.ts';
import { buildNetwork } from './network.ts';

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
  return buildNetwork({ network: 'mobilenet_v1', ...config }, options);
}
