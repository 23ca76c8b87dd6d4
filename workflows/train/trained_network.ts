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

/** A network that no row describes: that of a folder, which is trained as it is. */
export interface OtherNetwork {
  readonly network: 'other';
  /** Of the stored model whose layers and weights the training starts with. */
  readonly folder: string;
  /** Name for people. */
  readonly title: string;
  /** Whether the recipe's `depthwiseWeightDecay` applies. */
  readonly regularizeDepthwise: boolean;
}

/** Name for people: the core layer of a MobileNetV1, as the paper has them; else the network with its own. */
export function titleOf(network: TrainedNetwork | NetworkConfig | OtherNetwork): string {
  if (network.network === 'other') return network.title;
  if (!('variant' in network)) return networkNamed(network.network).title;
  const { network: name, variant, squeezeExcite = true } = network;
  if (name === 'mobilenet_v1') return variant.name;
  return networkTitle(name, variant.name, squeezeExcite);
}
