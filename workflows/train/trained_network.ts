import type {
  NetworkConfig,
  PlainNetworkConfig,
  VariantNetworkConfig,
} from '../../architectures/network.ts';
import { networkNamed } from '../../architectures/registry.ts';

type DecidedElsewhere = 'resolution' | 'classes';

/** What is trained, except for what the recipe and the data set decide: resolution and classes. */
export type TrainedNetwork =
  | Omit<VariantNetworkConfig, DecidedElsewhere>
  | Omit<PlainNetworkConfig, DecidedElsewhere>;

/** Name for people: the core layer where the network has a choice of them, else the network. */
export function titleOf(network: TrainedNetwork | NetworkConfig): string {
  return 'variant' in network ? network.variant.name : networkNamed(network.network).title;
}
