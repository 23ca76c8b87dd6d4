/**
 * The tables that can be made, as data: the one place to change to make a table larger or cheaper.
 * What one costs on a machine is what `tf8 reproduce --estimate` says.
 */
import { MIN_INCEPTION_RESOLUTION } from '../../architectures/inception_v3_layers.ts';
import { FLIP_CROP } from '../../datasets/augment/flip_crop.ts';
import { UserError } from '../../foundation/errors.ts';
import type { Recipe } from '../../training/recipes/recipe.ts';
import {
  DISTIL,
  SCRATCH_ADAM,
  SLIM_IMAGENET,
  SLIM_INCEPTION,
} from '../../training/recipes/recipes.ts';
import {
  PRESET_NAMES,
  type Preset,
  type Rearchitecture,
  TABLE_DATASETS,
  type TableName,
  type TableNetworks,
  type Training,
} from './preset.ts';
import {
  at,
  CALIBRATION_IMAGES,
  CIFAR,
  FASHION,
  ILSVRC2012,
  ONE_SEED,
  PHOTOGRAPHS,
} from './trainings.ts';
import { WAYS_PRESETS } from './ways_presets.ts';

/** The paper's variants of MobileNetV1, each trained alike. */
function variants(training: Training) {
  return {
    standard: training,
    'no-depthwise-bn': training,
    relu: training,
    friendly: training,
  } as const satisfies TableNetworks;
}

/** The same variants of what the standard network knows. */
function rearchitected(rearchitecture: Rearchitecture) {
  return {
    'no-depthwise-bn-rearchitected': rearchitecture,
    'relu-rearchitected': rearchitecture,
    'friendly-rearchitected': rearchitecture,
  } as const satisfies TableNetworks;
}

/** From random weights, for want of published ones that can be had; the recipe of small images. */
function inceptionV3(recipe: Partial<Recipe>, imagesPerEpoch: number): Training {
  return { recipe: { ...SCRATCH_ADAM, ...recipe }, imagesPerEpoch, start: 'random', seeds: 1 };
}

const INCEPTION_FROM_RANDOM_WEIGHTS =
  'InceptionV3 is trained from random weights on few images: its float accuracy says little, its loss is the control.';

const PAPER_TRAINING: Training = { recipe: SLIM_IMAGENET, start: 'random' };

const PRESETS: readonly Preset[] = [
  {
    dataset: 'fashion-mnist',
    name: 'quick',
    seeds: 1,
    calibrationImages: CALIBRATION_IMAGES,
    widthMultiplier: 1,
    networks: {
      standard: { ...FASHION, imagesPerEpoch: 5_000 },
      friendly: { ...FASHION, imagesPerEpoch: 5_000 },
      'friendly-rearchitected': {
        images: 200,
        retrain: { recipe: at(DISTIL, 64, 1), imagesPerEpoch: 10_000 },
      },
    },
    notes: [ONE_SEED],
  },
  {
    dataset: 'fashion-mnist',
    name: 'standard',
    seeds: 3,
    calibrationImages: CALIBRATION_IMAGES,
    widthMultiplier: 1,
    networks: {
      'inception-v3': inceptionV3({ resolution: 75, budget: { epochs: 2 } }, 10_000),
      ...variants(FASHION),
      ...rearchitected({
        images: 400,
        retrain: { recipe: at(DISTIL, 64, 1), imagesPerEpoch: 40_000 },
      }),
    },
    notes: [INCEPTION_FROM_RANDOM_WEIGHTS],
  },
  {
    dataset: 'cifar10',
    name: 'quick',
    seeds: 1,
    testImages: 5_000,
    calibrationImages: CALIBRATION_IMAGES,
    widthMultiplier: 1,
    networks: {
      standard: { ...CIFAR, imagesPerEpoch: 5_000 },
      friendly: { ...CIFAR, imagesPerEpoch: 5_000 },
      'friendly-rearchitected': {
        images: 400,
        retrain: { recipe: at(DISTIL, 96, 1), imagesPerEpoch: 10_000 },
      },
    },
    notes: [ONE_SEED],
  },
  {
    dataset: 'cifar10',
    name: 'standard',
    seeds: 3,
    calibrationImages: CALIBRATION_IMAGES,
    widthMultiplier: 1,
    networks: {
      'inception-v3': inceptionV3({ resolution: 96, budget: { epochs: 2 } }, 10_000),
      ...variants(CIFAR),
      ...rearchitected({
        images: 400,
        retrain: { recipe: at(DISTIL, 96, 1), imagesPerEpoch: 40_000 },
      }),
    },
    notes: [INCEPTION_FROM_RANDOM_WEIGHTS],
  },
  {
    dataset: 'imagenet',
    name: 'quick',
    seeds: 1,
    calibrationImages: CALIBRATION_IMAGES,
    widthMultiplier: 1,
    networks: {
      standard: 'as-published',
      'friendly-rearchitected': { images: 500 },
    },
    notes: [
      'Nothing is trained: standard is the published network, reconstructed for the last row.',
    ],
  },
  {
    dataset: 'imagenet',
    name: 'standard',
    seeds: 1,
    calibrationImages: CALIBRATION_IMAGES,
    widthMultiplier: 1,
    networks: {
      ...variants(PHOTOGRAPHS),
      standard: 'as-published',
      ...rearchitected({
        images: 500,
        retrain: { recipe: at(DISTIL, 224, 1), imagesPerEpoch: 5_000 },
      }),
    },
    notes: [
      'standard is the published network; the others are retrained from it for a short time.',
      'The rows that are retrained without reconstruction get a new last layer of random weights, since the published one has an output for the background that the labels know nothing of: their float accuracy says how far so short a training comes, not what the variant can do.',
      'InceptionV3 is left out for want of published weights: its training is in preset paper.',
    ],
  },
  {
    dataset: 'imagenet',
    name: 'paper',
    seeds: 1,
    calibrationImages: 1_000,
    widthMultiplier: 1,
    networks: {
      'inception-v3': { recipe: SLIM_INCEPTION, start: 'random' },
      ...variants(PAPER_TRAINING),
      'friendly-rearchitected': {
        images: 500,
        retrain: { recipe: { ...at(DISTIL, 224, 10), augmentation: SLIM_IMAGENET.augmentation } },
      },
    },
    notes: [],
    wholeDataset: ILSVRC2012,
  },
  {
    dataset: 'cifar10',
    name: 'paper',
    seeds: 3,
    calibrationImages: 1_000,
    widthMultiplier: 1,
    networks: smallPaper(96),
    notes: [],
  },
  {
    dataset: 'fashion-mnist',
    name: 'paper',
    seeds: 3,
    calibrationImages: 1_000,
    widthMultiplier: 1,
    networks: smallPaper(64),
    notes: [],
  },
];

/** The paper's 120 epochs from random weights, on small images with their augmentation. */
function smallPaper(resolution: number): TableNetworks {
  const recipe = { ...SLIM_IMAGENET, resolution, augmentation: FLIP_CROP };
  const retraining = { ...at(DISTIL, resolution, 10), augmentation: FLIP_CROP };
  return {
    'inception-v3': {
      recipe: {
        ...SLIM_INCEPTION,
        resolution: Math.max(resolution, MIN_INCEPTION_RESOLUTION),
        augmentation: FLIP_CROP,
      },
      start: 'random',
    },
    ...variants({ recipe, start: 'random' }),
    'friendly-rearchitected': { images: 1_000, retrain: { recipe: retraining } },
  };
}

/** The tables, by what they compare. */
const TABLES: Readonly<Record<TableName, readonly Preset[]>> = {
  paper: PRESETS,
  ways: WAYS_PRESETS,
};

/** @throws UserError where the table is not in the list */
export function presetOf(dataset: string, name: string, table: TableName = 'paper'): Preset {
  const preset = TABLES[table].find((one) => one.dataset === dataset && one.name === name);
  if (preset !== undefined) return preset;
  throw new UserError(
    `Expected a preset of ${TABLE_DATASETS.join(', ')} and ${PRESET_NAMES.join(', ')} but received ${name} of ${dataset}`,
  );
}
