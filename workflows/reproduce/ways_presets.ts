/**
 * The tables that compare the ways to 8 bits, as data: each way starts from the same float network, and
 * the last from the friendly one.
 */
import type { VariantNetworkName } from '../../architectures/registry.ts';
import { FLIP_CROP } from '../../datasets/augment/flip_crop.ts';
import { DISTIL, QUANTIZATION_AWARE, SLIM_IMAGENET } from '../../training/recipes/recipes.ts';
import type { Preset, TableNetworks, Training } from './preset.ts';
import { at, CALIBRATION_IMAGES, CIFAR, FASHION, ILSVRC2012, ONE_SEED } from './trainings.ts';

/** The networks that engineers start from, each with published weights. */
const FAMILIES: readonly VariantNetworkName[] = [
  'mobilenet_v1',
  'mobilenet_v2',
  'efficientnet_lite0',
];

const COMMON = { families: FAMILIES, widthMultiplier: 1 } as const;

/** Images that a layer is fitted on. */
const FITTED = 400;

/** What the ways learn from, in epochs of so many images. */
interface Budget {
  readonly resolution: number;
  readonly distilled: number;
  readonly inIntegers: number;
}

/** All ways, from a network that is trained so. */
function ways(
  standard: Training | 'as-published',
  { resolution, distilled, inIntegers }: Budget,
): TableNetworks {
  const quantizationAware = {
    recipe: at(QUANTIZATION_AWARE, resolution, 1),
    imagesPerEpoch: inIntegers,
  };
  return {
    standard,
    'friendly-rearchitected': {
      images: FITTED,
      retrain: { recipe: at(DISTIL, resolution, 1), imagesPerEpoch: distilled },
    },
    'quantization-aware': quantizationAware,
    'friendly-quantization-aware': quantizationAware,
  };
}

const AS_PUBLISHED_NOTE = 'As published is the published network, from which all ways start.';

/** The paper's 120 epochs from random weights, on small images, and ten of each way's own. */
function smallPaper(resolution: number): TableNetworks {
  const recipe = { ...SLIM_IMAGENET, resolution, augmentation: FLIP_CROP };
  return longWays({ recipe, start: 'random' }, resolution, FLIP_CROP);
}

/** Ten epochs of all images for each way. */
function longWays(
  standard: Training | 'as-published',
  resolution: number,
  augmentation: Training['recipe']['augmentation'],
): TableNetworks {
  const inIntegers = { recipe: { ...at(QUANTIZATION_AWARE, resolution, 10), augmentation } };
  return {
    standard,
    'friendly-rearchitected': {
      images: 1_000,
      retrain: { recipe: { ...at(DISTIL, resolution, 10), augmentation } },
    },
    'quantization-aware': inIntegers,
    'friendly-quantization-aware': inIntegers,
  };
}

export const WAYS_PRESETS: readonly Preset[] = [
  {
    ...COMMON,
    dataset: 'fashion-mnist',
    name: 'quick',
    seeds: 1,
    testImages: 2_000,
    calibrationImages: CALIBRATION_IMAGES,
    networks: ways(
      { ...FASHION, imagesPerEpoch: 5_000 },
      { resolution: 64, distilled: 5_000, inIntegers: 2_000 },
    ),
    notes: [ONE_SEED],
  },
  {
    ...COMMON,
    dataset: 'fashion-mnist',
    name: 'standard',
    seeds: 3,
    testImages: 5_000,
    calibrationImages: CALIBRATION_IMAGES,
    networks: ways(FASHION, { resolution: 64, distilled: 20_000, inIntegers: 5_000 }),
    notes: [],
  },
  {
    ...COMMON,
    dataset: 'cifar10',
    name: 'quick',
    seeds: 1,
    testImages: 2_000,
    calibrationImages: CALIBRATION_IMAGES,
    networks: ways(
      { ...CIFAR, imagesPerEpoch: 5_000 },
      { resolution: 96, distilled: 5_000, inIntegers: 2_000 },
    ),
    notes: [ONE_SEED],
  },
  {
    ...COMMON,
    dataset: 'cifar10',
    name: 'standard',
    seeds: 3,
    testImages: 5_000,
    calibrationImages: CALIBRATION_IMAGES,
    networks: ways(CIFAR, { resolution: 96, distilled: 20_000, inIntegers: 5_000 }),
    notes: [],
  },
  {
    ...COMMON,
    dataset: 'imagenet',
    name: 'quick',
    seeds: 1,
    calibrationImages: CALIBRATION_IMAGES,
    networks: ways('as-published', { resolution: 224, distilled: 400, inIntegers: 400 }),
    notes: [AS_PUBLISHED_NOTE],
  },
  {
    ...COMMON,
    dataset: 'imagenet',
    name: 'standard',
    seeds: 1,
    calibrationImages: CALIBRATION_IMAGES,
    networks: ways('as-published', { resolution: 224, distilled: 5_000, inIntegers: 5_000 }),
    notes: [AS_PUBLISHED_NOTE],
  },
  {
    ...COMMON,
    dataset: 'imagenet',
    name: 'paper',
    seeds: 1,
    calibrationImages: 1_000,
    networks: longWays('as-published', 224, SLIM_IMAGENET.augmentation),
    notes: [AS_PUBLISHED_NOTE],
    wholeDataset: ILSVRC2012,
  },
  {
    ...COMMON,
    dataset: 'cifar10',
    name: 'paper',
    seeds: 3,
    calibrationImages: 1_000,
    networks: smallPaper(96),
    notes: [],
  },
  {
    ...COMMON,
    dataset: 'fashion-mnist',
    name: 'paper',
    seeds: 3,
    calibrationImages: 1_000,
    networks: smallPaper(64),
    notes: [],
  },
];
