import type * as tf from '@tensorflow/tfjs';
import { buildInceptionV3 } from './build_inception_v3.ts';
import type { BuildOptions } from './build_layers.ts';
import { buildMobileNetV1 } from './build_mobilenet_v1.ts';
import type { InceptionV3Config } from './inception_v3_layers.ts';
import type { MobileNetV1Config } from './mobilenet_v1.ts';

/** A network by its name and the choices that it leaves. */
export type NetworkConfig =
  | ({ readonly network: 'mobilenet_v1' } & MobileNetV1Config)
  | ({ readonly network: 'inception_v3' } & InceptionV3Config);

export type NetworkName = NetworkConfig['network'];

/**
 * Builds a network as a LayersModel: [N, resolution, resolution, 3] float32 in [−1, 1] to class
 * probabilities [N, classes]. It ends in `SpatialSqueeze`, its logits, and `Predictions`.
 * @throws InvalidValueError for a configuration that no network can have.
 */
export function buildNetwork(config: NetworkConfig, options: BuildOptions = {}): tf.LayersModel {
  switch (config.network) {
    case 'mobilenet_v1':
      return buildMobileNetV1(config, options);
    case 'inception_v3':
      return buildInceptionV3(config, options);
  }
}
