import type * as tf from '@tensorflow/tfjs';
import type { BuildOptions } from './build_layers.ts';
import { buildLayers } from './build_network.ts';
import type { NetworkSizes } from './conv_layer.ts';
import type { NetworkChoices } from './network_choices.ts';
import type { NetworkLayers } from './network_layers.ts';
import {
  hasVariants,
  type NetworkName,
  networkNamed,
  type VariantNetworkName,
} from './registry.ts';
import { STANDARD, type Variant } from './variants.ts';

export type { NetworkName } from './registry.ts';

/** A network with a choice of core layers. */
export interface VariantNetworkConfig extends NetworkSizes {
  readonly network: VariantNetworkName;
  readonly variant: Variant;
  readonly widthMultiplier: number;
  /** False leaves squeeze-and-excite out of a network that was published with it. */
  readonly squeezeExcite?: boolean;
}

/** A network as published. MobileNetV1, of which the paper has the variants, always names its own. */
export interface PlainNetworkConfig extends NetworkSizes {
  readonly network: Exclude<NetworkName, 'mobilenet_v1'>;
}

/** A network by its name and the choices that it leaves. */
export type NetworkConfig = VariantNetworkConfig | PlainNetworkConfig;

/**
 * The configuration of a network by its name, with a core layer where it has a choice of them.
 * @param variant for the networks that have one
 * @param squeezeExcite for the networks that have it: false leaves it out
 */
export function networkConfig(
  network: NetworkName,
  variant: Variant,
  sizes: NetworkSizes,
  squeezeExcite = true,
): NetworkConfig {
  const { widthMultiplier = 1 } = sizes;
  if (!hasVariants(network)) return { network: network as PlainNetworkConfig['network'], ...sizes };
  return {
    network,
    variant,
    ...sizes,
    widthMultiplier,
    ...(networkNamed(network).squeezeExcite && !squeezeExcite && { squeezeExcite }),
  };
}

/**
 * The layers of a network, resolved from its rows.
 * @throws InvalidValueError for a configuration that no network can have.
 */
export function layersOf({ network, ...choices }: NetworkConfig): NetworkLayers {
  return networkNamed(network).layers(choices satisfies NetworkChoices);
}

/**
 * Builds a network as a LayersModel: [N, resolution, resolution, 3] float32, in [−1, 1] unless its
 * weights were trained otherwise, to class probabilities [N, classes]. It ends in `SpatialSqueeze`, its
 * logits, and `Predictions`.
 * @throws InvalidValueError for a configuration that no network can have.
 */
export function buildNetwork(config: NetworkConfig, options: BuildOptions = {}): tf.LayersModel {
  const { network, resolution, classes, widthMultiplier = 1 } = config;
  const { modelName, dropout, initialStddev } = networkNamed(network);
  const name = `${modelName}_${widthMultiplier}_${resolution}_${classes}${differencesOf(config)}`;
  return buildLayers(
    { name, resolution, layers: layersOf(config), dropout, initialStddev },
    options,
  );
}

/** What a network's name says beyond its sizes; checkpoints of trainings know it by that. */
function differencesOf(config: NetworkConfig): string {
  if (!('variant' in config)) return '';
  const { network, variant, squeezeExcite = true } = config;
  // Only of MobileNetV1 the published core layer is named: the others had no other one at first.
  const isNamed = network === 'mobilenet_v1' || variant.name !== STANDARD.name;
  return `${isNamed ? `_${variant.name}` : ''}${squeezeExcite ? '' : '_no-squeeze-excite'}`;
}
