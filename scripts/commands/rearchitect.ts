import { dirname, resolve } from 'node:path';
import { VARIANTS } from '../../architectures/variants.ts';
import { RECIPE_NAMES } from '../../training/recipes/recipe_names.ts';
import type { RearchitectResult } from '../../workflows/rearchitect/rearchitect.ts';
import { MOST_IMAGES } from '../../workflows/rearchitect/rearchitect_defaults.ts';
import { markdownTable } from '../../workflows/records/markdown_table.ts';
import { CHECKPOINT_SECONDS } from '../../workflows/train/train_defaults.ts';
import { defineCommand } from '../command.ts';
import {
  DATA,
  DATASET,
  FLOAT_MODEL,
  LIMIT,
  OVERWRITE,
  positiveNumbers,
  SEED_RANGE,
  TRAINING_SEED,
  wholeNumbers,
} from '../options.ts';
import { RECIPE_OPTIONS } from '../recipe_options.ts';

export const rearchitectCommand = defineCommand({
  command: 'rearchitect <model>',
  describe:
    'Rebuild a trained network with depthwise layers as a friendly one that keeps what it knows, then retrain',
  options: (yargs) =>
    yargs
      .positional('model', {
        type: 'string',
        demandOption: true,
        describe: `${FLOAT_MODEL}; with depthwise layers that have an activation`,
      })
      .option('variant', {
        choices: VARIANTS.map(({ name }) => name),
        default: 'friendly' as const,
        requiresArg: true,
        describe: 'Core layer of the new model; standard is what it is rebuilt from',
      })
      .option('dataset', DATASET)
      .option('data', DATA)
      .option('out', {
        type: 'string',
        demandOption: true,
        requiresArg: true,
        describe: 'Folder of the new model',
      })
      .option('overwrite', OVERWRITE)
      .option('images', {
        type: 'number',
        requiresArg: true,
        describe: 'Training images that the layers are fitted on, before any retraining',
        defaultDescription: `${MOST_IMAGES}, or all if there are fewer`,
      })
      .option('keep', {
        type: 'string',
        array: true,
        requiresArg: true,
        describe: 'Depthwise or pointwise layers that stay as they are',
      })
      .option('layers', {
        type: 'string',
        requiresArg: true,
        coerce: layersFrom,
        describe: 'How many layers are rebuilt, those that gain most in TF8; or all',
        defaultDescription:
          'all of a chain; of inverted residuals those that bring more in TF8 than they cost in float',
      })
      .option('max-loss', {
        type: 'number',
        requiresArg: true,
        conflicts: 'layers',
        describe:
          "As many layers as lose so many percent of the outputs' variance in float together",
      })
      .option('retrain', {
        type: 'boolean',
        default: true,
        describe: 'Train after the reconstruction; --no-retrain leaves it at that',
      })
      .option('distill', {
        type: 'boolean',
        default: true,
        describe: 'Retrain from what the original says of the images too, not from labels alone',
      })
      .option('recipe', {
        type: 'string',
        requiresArg: true,
        describe: `Of the retraining: ${RECIPE_NAMES.join(', ')}, or a JSON file`,
        default: 'distil',
        defaultDescription: 'distil',
      })
      .options(RECIPE_OPTIONS)
      .option('limit', { ...LIMIT, describe: 'Images of an epoch', defaultDescription: 'all' })
      .option('validation-images', {
        type: 'number',
        requiresArg: true,
        describe:
          'Training images that are held out of everything; the network that does best on them is kept too',
        defaultDescription: 'a twentieth of an epoch, 5000 at most',
      })
      .option('resume', {
        type: 'boolean',
        default: false,
        describe: 'Go on with what --out holds of a run with equal options',
      })
      .option('checkpoint-seconds', {
        type: 'number',
        requiresArg: true,
        describe: 'Time between checkpoints',
        default: CHECKPOINT_SECONDS,
      })
      .option('seed', TRAINING_SEED)
      .check(nothingWithoutRetraining)
      .check(positiveNumbers(['learning-rate', 'minutes', 'checkpoint-seconds', 'max-loss']))
      .check(
        wholeNumbers({
          images: 1,
          epochs: 1,
          'batch-size': 1,
          limit: 1,
          'validation-images': 0,
          seed: SEED_RANGE,
        }),
      ),
  examples: [
    [
      'rearchitect mobilenet_v1_1.0_224 --dataset imagenet --data DIR --out models/friendly --no-retrain',
      'in a minute or two, without any training',
    ],
    [
      'rearchitect mobilenet_v2.tflite --data DIR --out models/v2 --no-retrain --layers 4',
      'the four layers of inverted residuals that gain most; what each costs is measured first',
    ],
    [
      'rearchitect models/standard --dataset cifar10 --out models/friendly --epochs 3',
      'and retrain, learning from the standard model too',
    ],
  ],
  inputs: ({ model, dataset, data, retrain, recipe }) => ({
    floatModels: [model],
    recipe: retrain ? recipe : undefined,
    folders: [data],
    dataset: { name: dataset, folder: data, option: 'data' },
  }),
  outputs: ({ model, out, overwrite, retrain, resume }) => ({
    inputs: [model],
    // The work has words of its own for the model's own folder.
    modelFolder: [model, dirname(model)].map((path) => resolve(path)).includes(resolve(out))
      ? undefined
      : out,
    overwrite: overwrite || (retrain && resume),
    checkpointed: retrain,
  }),
  run: async (argv, context) => {
    const { rearchitectModel } = await import('../../workflows/rearchitect/rearchitect_model.ts');
    return rearchitectModel(argv, context);
  },
  show: (result) => {
    const { out, reconstruction, equalization, centring, reconstructed, training, best } = result;
    const { images, skipped, seconds } = reconstruction;
    return [
      `fitted on ${images} images in ${seconds.toFixed(0)} s${skipped > 0 ? `; ${skipped} could not be read` : ''}`,
      '',
      layerTable(result),
      '',
      ...(equalization && centring
        ? [
            `equalized after ${equalization.layers.length} layers${equalization.skipped.length > 0 ? `; an activation forbids it after ${equalization.skipped.length}` : ''}; centred ${centring.layers.length} depthwise layers`,
          ]
        : []),
      ...(training
        ? [
            `retrained for ${training.steps} steps${training.interrupted ? ', interrupted: --resume goes on' : ''}; the network before is in ${reconstructed}`,
          ]
        : []),
      ...(best ? [`best epoch stored in ${best}`] : []),
      `stored in ${out}`,
    ].join('\n');
  },
});

/** "all", or a number of layers. */
function layersFrom(text: string | undefined): number | 'all' | undefined {
  if (text === undefined || text === 'all') return text;
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new Error(
    `Expected a whole number of at least 1, or all, for --layers but received ${text}`,
  );
}

/** What would be passed over in silence. */
function nothingWithoutRetraining(argv: Readonly<Record<string, unknown>>): true {
  if (argv.retrain) return true;
  const names = [...Object.keys(RECIPE_OPTIONS), 'limit', 'validation-images'];
  const given = argv.resume ? 'resume' : names.find((name) => argv[name] !== undefined);
  if (given === undefined) return true;
  throw new Error(`Expected no --${given} with --no-retrain: it is an option of the retraining`);
}

function layerTable({ reconstruction }: RearchitectResult): string {
  const rows = reconstruction.layers.map(({ layer, unexplainedVariance, lambda, deadChannels }) => [
    layer,
    unexplainedVariance === null ? '–' : (100 * unexplainedVariance).toFixed(1),
    String(lambda),
    String(deadChannels),
  ]);
  return markdownTable(['layer', 'unexplained variance %', 'λ', 'dead channels'], rows, 1);
}
