/** Options that several commands share, so that they are named and explained once. */
import type { Options } from 'yargs';
import { NETWORK_NAMES, type NetworkName, networkNamed } from '../architectures/registry.ts';
import { VARIANTS } from '../architectures/variants.ts';
import { DATASET_NAMES } from '../datasets/dataset_names.ts';
import { shardOf } from '../datasets/order/shard.ts';
import { ROUNDINGS } from '../quantize/params/roundings.ts';
import { PREPROCESSING_WORDS, preprocessingOf } from '../workflows/open/preprocessing.ts';
import { CONVERSION_DEFAULTS } from '../workflows/quantize/conversion.ts';
import { RECIPE_NAMES } from '../workflows/quantize/recipe_names.ts';
import { commaList, joinedText } from './list_options.ts';

const FLOAT_SOURCES =
  'name of a public checkpoint, model folder or a zip of one, tfjs model.json, SavedModel folder, frozen graph (.pb), TensorFlow Lite, Keras or ONNX file, or TensorFlow checkpoint';
/** What a positional or option takes that this command calls MODEL, where it needs the float network. */
export const FLOAT_MODEL = `Float model: ${FLOAT_SOURCES}`;
/** What a positional or option takes that this command calls MODEL. */
export const MODEL = `TF8 file, or float model: ${FLOAT_SOURCES}`;

export const JSON_OUTPUT = {
  type: 'boolean',
  default: false,
  describe: 'Print one JSON object instead of text',
} as const satisfies Options;

/** The seeds that there are. */
export const SEED_RANGE = [0, 2 ** 32 - 1] as const;

export const SEED = {
  type: 'number',
  default: 0,
  describe: "Seed of the images' order",
  requiresArg: true,
} as const satisfies Options;

export const TRAINING_SEED = {
  ...SEED,
  describe: "Seed of the images' order and of every random weight",
} as const satisfies Options;

export const OVERWRITE = {
  type: 'boolean',
  default: false,
  describe: 'Replace what lies at --out, also where tf8 did not write it',
} as const satisfies Options;

export const DATASET = {
  type: 'string',
  choices: DATASET_NAMES,
  defaultDescription: "the model's own",
  describe: 'Data set',
  requiresArg: true,
} as const satisfies Options;

export const DATA = {
  type: 'string',
  describe:
    'Folder of the data set; imagenet and your own images need one: a folder for each class, or TFRecords',
  requiresArg: true,
} as const satisfies Options;

export const LIMIT = {
  type: 'number',
  describe: "Use only the first N images of the seed's order",
  requiresArg: true,
} as const satisfies Options;

export const PER_CLASS = {
  type: 'number',
  describe: "Use the first N images of each class in the seed's order, instead of --limit",
  requiresArg: true,
  conflicts: 'limit',
} as const satisfies Options;

export const ZERO_VARIANCE = {
  type: 'string',
  choices: ['keep', 'mean'] as const,
  requiresArg: true,
  describe:
    "Depthwise batch-norm channels of zero variance: keep them, or give them the mean variance of the layer's other channels (Option 1 of the paper); short for --recipe as-published and option-1",
} as const satisfies Options;

/** How accumulators become bytes. */
export const PROFILE = {
  choices: ROUNDINGS,
  requiresArg: true,
  describe:
    "How accumulators are rounded to bytes, as a chip does it; LiteRT's unless given. power-of-two makes the scales powers of two",
} as const satisfies Options;

export const QUANTIZATION_RECIPE = {
  type: 'string',
  requiresArg: true,
  defaultDescription: CONVERSION_DEFAULTS.recipe,
  describe: `Recipe of the quantization: ${RECIPE_NAMES.join(', ')}, or a JSON file ("tf8 recipe best" prints one to change)`,
} as const satisfies Options;

export const CALIBRATION_DATA = {
  type: 'string',
  describe: 'Folder of images to calibrate with, in class folders or not; imagenet needs one',
  defaultDescription: "the data set's training images",
  requiresArg: true,
} as const satisfies Options;

export const INPUT_RANGE = {
  type: 'string',
  nargs: 1,
  coerce: (text: string | undefined) => (text === undefined ? undefined : inputRange(text)),
  describe: 'LOW,HIGH: what the network takes for black and white, such as 0,1 or 0,255',
  defaultDescription: 'what the model says, else -1,1',
} as const;

export const PREPROCESSING = {
  ...joinedText(' ', preprocessingOf),
  conflicts: 'input-range',
  describe: `WORDS: how pixels become the network's numbers, where it does not say; some of ${PREPROCESSING_WORDS}`,
  defaultDescription: 'what the model says, else symmetric',
} as const;

export const IMAGE_SIZE = {
  type: 'string',
  nargs: 1,
  coerce: (text: string | undefined) => (text === undefined ? undefined : imageSize(text)),
  describe: 'SIDE or HEIGHTxWIDTH of the images of a network that leaves them open',
  defaultDescription: '224',
} as const;

function imageSize(text: string): readonly [height: number, width: number] {
  const [, height, width = height] = /^([1-9]\d{0,4})(?:[x×]([1-9]\d{0,4}))?$/.exec(text) ?? [];
  if (height !== undefined) return [Number(height), Number(width)];
  throw new Error(`Expected SIDE or HEIGHTxWIDTH for --resolution but received ${text}`);
}

export const OUTPUTS = {
  ...commaList((names) => names.filter((name) => name !== '')),
  describe: 'NAME,…: the tensors that a float network ends in',
  defaultDescription: 'its own, or where TF8 can follow no further',
} as const;

export const CACHE = {
  type: 'string',
  requiresArg: true,
  describe: 'Folder that keeps decoded images for later epochs and runs; it changes no figure',
  defaultDescription: 'none',
} as const satisfies Options;

export const CACHE_SIZE = {
  type: 'string',
  nargs: 1,
  implies: 'cache',
  coerce: (text: string | undefined) => (text === undefined ? undefined : bytesOf(text)),
  describe: 'Most bytes in --cache, such as 500M, 20G or 1T',
  defaultDescription: '20G',
} as const;

/** Below it hardly an image of photographs' size would be kept. */
const LEAST_CACHE = 1e8;

function bytesOf(text: string): number {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)([MGT])B?$/i.exec(text) ?? [];
  const factor = { M: 1e6, G: 1e9, T: 1e12 }[unit.toUpperCase()];
  const bytes = factor === undefined ? Number.NaN : Number(digits) * factor;
  if (bytes >= LEAST_CACHE) return bytes;
  throw new Error(
    `Expected a size of at least 100M, such as 500M, 20G or 1T, for --cache-limit but received ${text}`,
  );
}

/** A part of the images. */
export const SHARD = {
  type: 'string',
  nargs: 1,
  implies: 'out',
  coerce: (text: string | undefined) => (text === undefined ? undefined : shardOf(text)),
  describe: 'K/N: count on the K-th of N parts of the images only, for --out and tf8 merge',
  defaultDescription: 'all images',
} as const;

function inputRange(text: string): { readonly min: number; readonly max: number } {
  const [min, max, ...more] = text.split(',').map((part) => (part.trim() === '' ? NaN : +part));
  if (Number.isFinite(min) && Number.isFinite(max) && min < max && more.length === 0) {
    return { min, max };
  }
  throw new Error(`Expected two numbers LOW,HIGH for --input-range but received ${text}`);
}

export const SOFTMAX = {
  type: 'boolean',
  default: false,
  describe: 'End in probabilities, in steps of 1/256, rather than in logits',
} as const satisfies Options;

export const CALIBRATION_IMAGES = {
  type: 'number',
  defaultDescription: String(CONVERSION_DEFAULTS.calibrationImages),
  describe: 'Number of images to calibrate with',
  requiresArg: true,
} as const satisfies Options;

export const NETWORK = {
  type: 'string',
  choices: NETWORK_NAMES,
  default: 'mobilenet_v1' as const,
  requiresArg: true,
  describe: "Network; inception_v3 is the paper's control, of 75 × 75 pixels or more",
} as const satisfies Options;

/** Core layers, for the networks that have a choice of them. */
export const VARIANT = {
  choices: VARIANTS.map(({ name }) => name),
  requiresArg: true,
  describe: 'Core layer of a network of depthwise convolutions',
} as const satisfies Options;

export const SQUEEZE_EXCITE = {
  choices: ['on', 'off'] as const,
  requiresArg: true,
  describe: 'Squeeze-and-excite in the blocks of mobilenet_v3_large and _small that have it',
  defaultDescription: 'on',
} as const satisfies Options;

const WIDTH_OPTION = 'width-multiplier';

export const WIDTH_MULTIPLIER = {
  type: 'number',
  default: 1,
  describe: "Factor of every layer's filters: 1, 0.75, 0.5 or 0.25 in the published networks",
  requiresArg: true,
} as const satisfies Options;

export const TIER = {
  type: 'string',
  choices: ['auto', 'native', 'wasm', 'reference'] as const,
  default: 'auto' as const,
  requiresArg: true,
  describe: 'Kernels of the TF8 executor; auto takes the fastest that passes its self-test',
} as const satisfies Options;

/** For `yargs.check`: these options say nothing of a network without a choice of core layers. */
export function onlyWithVariants(names: readonly string[]) {
  return (argv: Readonly<Record<string, unknown>>): true => {
    const network = argv.network as NetworkName;
    if (networkNamed(network).variants.length > 0) return true;
    for (const name of names) {
      if (argv[name] === undefined) continue;
      throw new Error(
        `Expected no --${name} with --network ${network}, which has one core layer, but received ${argv[name]}`,
      );
    }
    return true;
  };
}

/** For `yargs.check`: squeeze-and-excite is left out only of a network that has it. */
export function onlyWithSqueezeExcite(argv: Readonly<Record<string, unknown>>): true {
  const network = argv.network as NetworkName;
  const given = argv['squeeze-excite'];
  if (given === undefined || networkNamed(network).squeezeExcite) return true;
  throw new Error(
    `Expected no --squeeze-excite with --network ${network}, which has none, but received ${given}`,
  );
}

/** More than any network has: its numbers of weights would no longer be exact. */
const MOST_WIDTH = 100;

/** For `yargs.check`: these options are finite numbers greater than 0, and a width is one of a network. */
export function positiveNumbers(names: readonly string[]) {
  return (argv: Readonly<Record<string, unknown>>): true => {
    for (const name of names) {
      const value = argv[name];
      if (value === undefined) continue;
      if (!(Number.isFinite(value) && (value as number) > 0)) {
        throw new Error(
          `Expected a number greater than 0 for --${name} but received ${shown(value)}`,
        );
      }
      if (name === WIDTH_OPTION && (value as number) > MOST_WIDTH) {
        throw new Error(
          `Expected a number of at most ${MOST_WIDTH} for --${name} but received ${value}`,
        );
      }
    }
    return true;
  };
}

/** For `yargs.check`: these options are whole numbers, of at least the one given or in the range given. */
export function wholeNumbers(
  bounds: Readonly<Record<string, number | readonly [least: number, most: number]>>,
) {
  return (argv: Readonly<Record<string, unknown>>): true => {
    for (const [name, bound] of Object.entries(bounds)) {
      const value = argv[name];
      if (value === undefined) continue;
      const [least, most] = typeof bound === 'number' ? [bound, Infinity] : bound;
      const whole = Number.isSafeInteger(value) ? (value as number) : Number.NaN;
      if (!(whole >= least && whole <= most)) {
        const wanted = most === Infinity ? `of at least ${least}` : `from ${least} to ${most}`;
        throw new Error(
          `Expected a whole number ${wanted} for --${name} but received ${shown(value)}`,
        );
      }
    }
    return true;
  };
}

/** yargs makes NaN of what is no number. */
function shown(value: unknown): string {
  return Number.isNaN(value) ? 'no number' : String(value);
}
