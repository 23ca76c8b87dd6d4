/** Options that several commands share, so that they are named and explained once. */
import type { Options } from 'yargs';
import { DATASET_NAMES } from '../datasets/open_dataset.ts';

export const JSON_OUTPUT = {
  type: 'boolean',
  default: false,
  describe: 'Print one JSON object instead of text',
} as const satisfies Options;

export const SEED = {
  type: 'number',
  default: 0,
  describe: 'Seed of every order and every random weight',
} as const satisfies Options;

export const DATASET = {
  type: 'string',
  choices: DATASET_NAMES,
  default: 'imagenet',
  describe: 'Data set',
} as const satisfies Options;

export const DATA = {
  type: 'string',
  describe: 'Folder of the data set; imagenet needs one, with a folder a class, named by wnid',
  requiresArg: true,
} as const satisfies Options;

export const LIMIT = {
  type: 'number',
  describe: "Use only the first N images of the seed's order",
  requiresArg: true,
} as const satisfies Options;

export const ZERO_VARIANCE = {
  type: 'string',
  choices: ['keep', 'mean'] as const,
  default: 'keep' as const,
  describe:
    "Depthwise batch-norm channels of zero variance: keep them, or give them the mean variance of the layer's other channels (Option 1 of the paper)",
} as const satisfies Options;

export const CALIBRATION_DATA = {
  type: 'string',
  describe: 'Folder of images to calibrate with (default: the training images of the data set)',
  requiresArg: true,
} as const satisfies Options;

export const CALIBRATION_IMAGES = {
  type: 'number',
  default: 200,
  describe: 'Number of images to calibrate with',
  requiresArg: true,
} as const satisfies Options;

export const WIDTH_MULTIPLIER = {
  type: 'number',
  default: 1,
  describe: "Factor of every layer's filters: 1, 0.75, 0.5 or 0.25 in the published networks",
  requiresArg: true,
} as const satisfies Options;

export const TIER = {
  type: 'string',
  choices: ['auto', 'wasm', 'reference'] as const,
  default: 'auto' as const,
  describe: 'Kernels of the TF8 executor; auto takes the fastest that works here',
} as const satisfies Options;

/** For `yargs.check`: these options are finite numbers greater than 0. */
export function positiveNumbers(names: readonly string[]) {
  return (argv: Readonly<Record<string, unknown>>): true => {
    for (const name of names) {
      const value = argv[name];
      if (value === undefined) continue;
      if (!(Number.isFinite(value) && (value as number) > 0)) {
        throw new Error(`Expected a number greater than 0 for --${name} but received ${value}`);
      }
    }
    return true;
  };
}

/** For `yargs.check`: these options are whole numbers of at least `least`. */
export function wholeNumbers(least: Readonly<Record<string, number>>) {
  return (argv: Readonly<Record<string, unknown>>): true => {
    for (const [name, minimum] of Object.entries(least)) {
      const value = argv[name];
      if (value === undefined) continue;
      if (!Number.isSafeInteger(value) || (value as number) < minimum) {
        throw new Error(
          `Expected a whole number of at least ${minimum} for --${name} but received ${value}`,
        );
      }
    }
    return true;
  };
}
