import type * as tf from '@tensorflow/tfjs';
import type { BuildOptions } from './build_layers.ts';
import { buildLayers } from './build_network.ts';
import type { NetworkSizes } from './conv_layer.ts';
import type { NetworkLayers } from './network_layers.ts';
import {
  type NetworkChoices,
  type NetworkName,
  networkNamed,
  type VariantNetworkName,
} from './registry.ts';
import type { Variant } from './variants.ts';

export type { NetworkName } from './registry.ts';

/** A network with a choice of core layers. */
export interface VariantNetworkConfig extends NetworkSizes {
  readonly network: VariantNetworkName;
  readonly variant: Variant;
  readonly widthMultiplier: number;
}

/** A network that has one. */
export interface PlainNetworkConfig extends NetworkSizes {
  readonly network: Exclude<NetworkName, VariantNetworkName>;
}

/** A network by its name and the choices that it leaves. */
export type NetworkConfig = VariantNetworkConfig | PlainNetworkConfig;

/** Whether a network has a choice of core layers. */
export function hasVariants(network: NetworkName): network is VariantNetworkName {
  return networkNamed(network).variants.length > 0;
}

/**
 * The configuration of a network by its name, with a core layer where it has a choice of them.
 * @param variant for the networks that have one
 */
export function networkConfig(
  network: NetworkName,
  variant: Variant,
  sizes: NetworkSizes,
): NetworkConfig {
  const { widthMultiplier = 1 } = sizes;
  return hasVariants(network)
    ? { network, variant, ...sizes, widthMultiplier }
    : { network: network as PlainNetworkConfig['network'], ...sizes };
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
  const variant = 'variant' in config ? `_${config.variant.name}` : '';
  const name = `${modelName}_${widthMultiplier}_${resolution}_${classes}${variant}`;
  return buildLayers(
    { name, resolution, layers: layersOf(config), dropout, initialStddev },
    options,
  );
}
