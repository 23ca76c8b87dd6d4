import type { VariantNetworkName } from '../../architectures/registry.ts';
import type { Recipe } from '../../training/recipes/recipe.ts';

export const TABLE_DATASETS = ['fashion-mnist', 'cifar10', 'imagenet'] as const;
export const PRESET_NAMES = ['quick', 'standard', 'paper'] as const;
/** The paper's rows of one network, or the ways to 8 bits for several networks. */
export const TABLE_NAMES = ['paper', 'ways'] as const;

export type TableDataset = (typeof TABLE_DATASETS)[number];
export type PresetName = (typeof PRESET_NAMES)[number];
export type TableName = (typeof TABLE_NAMES)[number];

/** The networks of a table; Option 1 is another way to quantize the standard one. */
export const NETWORK_NAMES = [
  'inception-v3',
  'standard',
  'no-depthwise-bn',
  'relu',
  'friendly',
  'no-depthwise-bn-rearchitected',
  'relu-rearchitected',
  'friendly-rearchitected',
  'quantization-aware',
  'friendly-quantization-aware',
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

/** A training by the network that it starts from. */
export type Retraining = Pick<Training, 'recipe' | 'imagesPerEpoch'>;

/** How the standard network becomes one of another variant without being trained anew. */
export interface Rearchitecture {
  /** Training images that the reconstruction is fitted on. */
  readonly images: number;
  /** The retraining after it, which distils from the standard network; none unless given. */
  readonly retrain?: Retraining;
}

/** A row less or more: every network is left out unless it is given. */
export interface TableNetworks {
  readonly 'inception-v3'?: Training;
  /** "as-published": the published network itself. */
  readonly standard?: Training | 'as-published';
  readonly 'no-depthwise-bn'?: Training;
  readonly relu?: Training;
  readonly friendly?: Training;
  /** These four need `standard`. */
  readonly 'no-depthwise-bn-rearchitected'?: Rearchitecture;
  readonly 'relu-rearchitected'?: Rearchitecture;
  readonly 'friendly-rearchitected'?: Rearchitecture;
  readonly 'quantization-aware'?: Retraining;
  /** Needs `friendly-rearchitected`. */
  readonly 'friendly-quantization-aware'?: Retraining;
}

/** What the network of each is made from. */
export const STARTS_FROM = {
  'no-depthwise-bn-rearchitected': 'standard',
  'relu-rearchitected': 'standard',
  'friendly-rearchitected': 'standard',
  'quantization-aware': 'standard',
  'friendly-quantization-aware': 'friendly-rearchitected',
} as const satisfies Partial<Record<TableNetworkName, TableNetworkName>>;

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
  /** The networks of a table of ways, each with all rows; the table is the paper's unless given. */
  readonly families?: readonly VariantNetworkName[];
  /** Of these networks. */
  readonly widthMultiplier: number;
  readonly networks: TableNetworks;
  /** What a reader of the table must know. */
  readonly notes: readonly string[];
  /** Images of the whole data set, where the preset is meant for it and a folder may hold a part. */
  readonly wholeDataset?: { readonly trainImages: number; readonly testImages: number };
}
