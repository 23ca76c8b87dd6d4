import type { VariantNetworkName } from '../../architectures/registry.ts';
import type { Variant } from '../../architectures/variants.ts';
import type { Recipe as Quantization } from '../../quantize/convert/recipe.ts';
import type { Recipe } from '../../training/recipes/recipe.ts';
import type { AccuracyRow } from '../records/accuracy_row.ts';
import type { TrainedNetwork } from '../train/trained_network.ts';
import type { Retraining, TableNetworkName } from './preset.ts';

/** A network of one seed, and how it is made. */
export type NetworkPlan =
  | {
      readonly kind: 'published';
      readonly network: VariantNetworkName;
      /** Name of a public checkpoint, or a model folder. */
      readonly model: string;
    }
  | {
      readonly kind: 'trained';
      readonly name: TableNetworkName;
      readonly network: TrainedNetwork;
      readonly recipe: Recipe;
      /** All unless given. */
      readonly imagesPerEpoch?: number;
      /** Name of a public checkpoint, or a model folder; random weights unless given. */
      readonly from?: string;
      readonly seed: number;
    }
  | {
      readonly kind: 'rearchitected';
      readonly name: TableNetworkName;
      readonly variant: Variant;
      readonly original: NetworkPlan;
      readonly images: number;
      readonly retrain?: Retraining;
      readonly seed: number;
    }
  | ({
      /** Trained in TF8's integers, by the float network that it starts from: a TF8 network alone. */
      readonly kind: 'quantization-aware';
      readonly name: TableNetworkName;
      readonly original: NetworkPlan;
      readonly calibrationImages: number;
      readonly seed: number;
    } & Retraining);

/** A row of the table before it is measured. */
export interface RowPlan extends Pick<AccuracyRow, 'row' | 'network' | 'way' | 'paper' | 'recipe'> {
  /** "published": the folder of ImageNet that is measured beside the table's data. */
  readonly data: 'table' | 'published';
  /** The recipe of its quantization; without effect on a quantization-aware network, which is a TF8 one. */
  readonly quantization: Quantization;
  readonly networks: readonly { readonly seed: number; readonly plan: NetworkPlan }[];
}
