import type {
  NetworkConfig,
  PlainNetworkConfig,
  VariantNetworkConfig,
} from '../../architectures/network.ts';
import { networkNamed, networkTitle } from '../../architectures/registry.ts';

type DecidedElsewhere = 'resolution' | 'classes';

/** What is trained, except for what the recipe and the data set decide: resolution and classes. */
export type TrainedNetwork =
  | Omit<VariantNetworkConfig, DecidedElsewhere>
  | Omit<PlainNetworkConfig, DecidedElsewhere>;

/** Name for people: the core layer of a MobileNetV1, as the paper has them; else the network with its own. */
export function titleOf(network: TrainedNetwork | NetworkConfig): string {
  if (!('variant' in network)) return networkNamed(network.network).title;
  const { network: name, variant, squeezeExcite = true } = network;
  if (name === 'mobilenet_v1') return variant.name;
  return networkTitle(name, variant.name, squeezeExcite);
}
