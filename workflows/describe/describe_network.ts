import { costOfNetwork, type NetworkCost } from '../../architectures/layer_costs.ts';
import type { NetworkConfig, NetworkName } from '../../architectures/network.ts';
import { STANDARD, type VariantName, variantNamed } from '../../architectures/variants.ts';

/** Height and width of the published networks' input. */
export const PUBLISHED_RESOLUTIONS: Readonly<Record<NetworkName, number>> = {
  mobilenet_v1: 224,
  inception_v3: 299,
};

export interface DescribeNetworkOptions {
  readonly network: NetworkName;
  /** Core layer of a MobileNetV1, standard unless given. */
  readonly variant?: VariantName | undefined;
  readonly widthMultiplier: number;
  /** The published network's unless given. */
  readonly resolution?: number | undefined;
  readonly classes: number;
}

/** A network that is not built, with its layers and what they cost. */
export interface DescribedNetwork extends NetworkCost {
  readonly network: NetworkName;
  readonly variant?: VariantName;
  readonly widthMultiplier: number;
  readonly resolution: number;
  readonly classes: number;
}

/**
 * Tells what a network would be: layers with shapes, multiply-accumulates, parameters.
 * @throws RangeError for a configuration that no network can have
 */
export function describeNetwork(options: DescribeNetworkOptions): DescribedNetwork {
  const config = configOf(options);
  const { network, resolution, classes } = config;
  return {
    network,
    ...(config.network === 'mobilenet_v1' && { variant: config.variant.name }),
    widthMultiplier: options.widthMultiplier,
    resolution,
    classes,
    ...costOfNetwork(config),
  };
}

function configOf(options: DescribeNetworkOptions): NetworkConfig {
  const { network, variant = STANDARD.name, widthMultiplier, classes } = options;
  const { resolution = PUBLISHED_RESOLUTIONS[network] } = options;
  const shared = { widthMultiplier, resolution, classes };
  return network === 'mobilenet_v1'
    ? { network, variant: variantNamed(variant), ...shared }
    : { network, ...shared };
}
