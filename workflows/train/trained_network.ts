import type { NetworkConfig } from '../../architectures/network.ts';
import type { Variant } from '../../architectures/variants.ts';

/** What is trained, except for what the recipe and the data set decide: resolution and classes. */
export type TrainedNetwork =
  | {
      readonly network: 'mobilenet_v1';
      readonly variant: Variant;
      readonly widthMultiplier: number;
    }
  | { readonly network: 'inception_v3'; readonly widthMultiplier?: number };

/** Name for people: the core layer of a MobileNetV1, else the network. */
export function titleOf(network: TrainedNetwork | NetworkConfig): string {
  return network.network === 'mobilenet_v1' ? network.variant.name : 'InceptionV3';
}
