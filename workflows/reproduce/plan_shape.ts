import { FRIENDLY } from '../../architectures/variants.ts';
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
      return { network: friendlyLike(network), resolution };
    }
  }
}

/** The friendly network of the same width. */
export function friendlyLike(network: TrainedNetwork): TrainedNetwork {
  return 'variant' in network ? { ...network, variant: FRIENDLY } : network;
}
