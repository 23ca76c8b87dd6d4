import type { NetworkName } from '../../architectures/registry.ts';
import type { Variant } from '../../architectures/variants.ts';
import type { TrainedNetwork } from '../train/trained_network.ts';
import type { NetworkPlan } from './network_plan.ts';
import { publishedShape } from './plan.ts';

/** What decides a network's speed. */
export function shapeOf(plan: NetworkPlan): {
  readonly network: TrainedNetwork;
  readonly resolution: number;
} {
  switch (plan.kind) {
    case 'published':
      return publishedShape(plan.network);
    case 'trained':
      return { network: plan.network, resolution: plan.recipe.resolution };
    case 'rearchitected': {
      const { network, resolution } = shapeOf(plan.original);
      return { network: variantLike(network, plan.variant), resolution };
    }
    case 'quantization-aware':
      return shapeOf(plan.original);
  }
}

/** The network of another variant and the same width. */
export function variantLike(network: TrainedNetwork, variant: Variant): TrainedNetwork {
  return 'variant' in network ? { ...network, variant } : network;
}

/** Which network it is, whatever was made of it. */
export function familyOf(plan: NetworkPlan): NetworkName {
  switch (plan.kind) {
    case 'published':
      return plan.network;
    case 'trained':
      return plan.network.network;
    case 'rearchitected':
    case 'quantization-aware':
      return familyOf(plan.original);
  }
}
