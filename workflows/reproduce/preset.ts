import type { VariantNetworkName } from '../../architectures/registry.ts';
import type { Recipe } from '../../training/recipes/recipe.ts';

export const TABLE_DATASETS = ['fashion-mnist', 'cifar10', 'imagenet'] as const;
export const PRESET_NAMES = ['quick', 'standard', 'paper'] as const;

export type TableDataset = (typeof TABLE_DATASETS)[number];
export type PresetName = (typeof PRESET_NAMES)[number];

/** The networks of a table; Option 1 is another way to quantize the standard one. */
export const NETWORK_NAMES = [
  'inception-v3',
  'standard',
  'no-depthwise-bn',
  'relu',
  'friendly',
  'friendly-rearchitected',
] as const;

export type TableNetworkName = (typeof NETWORK_NAMES)[number];

/** How a network is trained. */
export interface Training {
  readonly recipe: Recipe;
  /** Images of an epoch, drawn anew for each; all unless given. */
  readonly imagesPerEpoch?: number;
  /** Where the weights start from: the published network (folded where the variant asks for it), or random. */
  readonly start: 'published' | 'random';
  /** Trained with this many of the table's seeds at most; with all unless given. */
  readonly seeds?: number;
}

/** How the standard network becomes a friendly one without being trained anew. */
export interface Rearchitecture {
  /** Training images that the reconstruction is fitted on. */
  readonly images: number;
  /** The retraining after it, which distils from the standard network; none unless given. */
  readonly retrain?: Pick<Training, 'recipe' | 'imagesPerEpoch'>;
}

/** A row less or more: every network is left out unless it is given. */
export interface TableNetworks {
  readonly 'inception-v3'?: Training;
  /** "as-published": the published network itself. */
  readonly standard?: Training | 'as-published';
  readonly 'no-depthwise-bn'?: Training;
  readonly relu?: Training;
  readonly friendly?: Training;
  /** Needs `standard`. */
  readonly 'friendly-rearchitected'?: Rearchitecture;
}

/** All that decides what a table's figures come from, except for the data. */
export interface Preset {
  readonly dataset: TableDataset;
  readonly name: PresetName;
  /** Seeds 0, 1 … that each row is made with. */
  readonly seeds: number;
  /** Images that each network is measured on; all of the test split unless given. */
  readonly testImages?: number;
  readonly calibrationImages: number;
  /** The network whose variants are the rows; the paper's, MobileNetV1, unless given. */
  readonly network?: VariantNetworkName;
  /** Of that network. */
  readonly widthMultiplier: number;
  readonly networks: TableNetworks;
  /** What a reader of the table must know. */
  readonly notes: readonly string[];
  /** Images of the whole data set, where the preset is meant for it and a folder may hold a part. */
  readonly wholeDataset?: { readonly trainImages: number; readonly testImages: number };
}
