import { VARIANTS, variantNamed } from '../../architectures/variants.ts';
import { RECIPES, recipeNamed } from '../../training/recipe.ts';
import { defineCommand } from '../command.ts';
import {
  DATA,
  DATASET,
  FLOAT_MODEL,
  LIMIT,
  positiveNumbers,
  SEED_RANGE,
  TRAINING_SEED,
  WIDTH_MULTIPLIER,
  wholeNumbers,
  ZERO_VARIANCE,
} from '../options.ts';

export const trainCommand = defineCommand({
  command: 'train',
  describe: 'Train a variant of MobileNetV1, or retrain published weights into it',
  options: (yargs) =>
    yargs
      .option('variant', {
        choices: VARIANTS.map(({ name }) => name),
        default: 'friendly' as const,
        requiresArg: true,
        describe: 'Core layer',
      })
      .option('from', {
        type: 'string',
        requiresArg: true,
        describe: `${FLOAT_MODEL}, to start from`,
        defaultDescription: 'random weights',
      })
      .option('dataset', {
        ...DATASET,
        default: 'fashion-mnist',
        defaultDescription: 'fashion-mnist',
      })
      .option('data', DATA)
      .option('out', {
        type: 'string',
        demandOption: true,
        requiresArg: true,
        describe: 'Folder of the trained model',
      })
      .option('recipe', {
        choices: RECIPES.map(({ name }) => name),
        requiresArg: true,
        describe: 'Recipe',
        defaultDescription: 'finetune with --from, else scratch',
      })
      .option('epochs', { type: 'number', requiresArg: true, describe: "Instead of the recipe's" })
      .option('batch-size', {
        type: 'number',
        requiresArg: true,
        describe: "Instead of the recipe's",
      })
      .option('learning-rate', {
        type: 'number',
        requiresArg: true,
        describe: "At the start, instead of the recipe's",
      })
      .option('resolution', {
        type: 'number',
        default: 64,
        requiresArg: true,
        describe: 'Height and width of the network’s input in pixels',
      })
      .option('width-multiplier', WIDTH_MULTIPLIER)
      .option('zero-variance', {
        ...ZERO_VARIANCE,
        default: 'mean' as const,
        defaultDescription: 'mean',
        describe:
          'For batch norms that are folded into the start weights: see "tf8 quantize --help"',
      })
      .option('limit', { ...LIMIT, describe: 'Images of an epoch', defaultDescription: 'all' })
      .option('seed', TRAINING_SEED)
      .check(positiveNumbers(['learning-rate', 'width-multiplier']))
      .check(
        wholeNumbers({ epochs: 1, 'batch-size': 1, resolution: 32, limit: 1, seed: SEED_RANGE }),
      ),
  examples: [
    [
      'train --variant friendly --from mobilenet_v1_1.0_224 --out models/friendly --limit 10000',
      'retrain on Fashion-MNIST',
    ],
    [
      'train --variant standard --width-multiplier 0.25 --resolution 32 --dataset cifar10 --out models/small',
      'from random weights',
    ],
  ],
  run: async (argv, context) => {
    const { requireTensorFlow } = await import('../../training/backend.ts');
    const { openData } = await import('../jobs/open_data.ts');
    const { trainJob } = await import('../jobs/train.ts');
    await requireTensorFlow('Training'); // before a data set is fetched in vain
    const named = recipeNamed(argv.recipe ?? (argv.from === undefined ? 'scratch' : 'finetune'));
    const dataset = await openData(argv.dataset, argv.data, '--data', context);
    return trainJob(
      {
        ...argv,
        variant: variantNamed(argv.variant),
        dataset,
        recipe: {
          ...named,
          epochs: argv.epochs ?? named.epochs,
          batchSize: argv.batchSize ?? named.batchSize,
          learningRate: {
            ...named.learningRate,
            initial: argv.learningRate ?? named.learningRate.initial,
          },
        },
      },
      context,
    );
  },
  show: ({ out, training, start }) => {
    const last = training.epochs.at(-1);
    return [
      ...(start
        ? [
            `started from ${start.copied.length} copied and ${start.folded.length} folded layers; ${start.left.length} left random`,
          ]
        : []),
      `${training.steps} steps, ${training.imagesPerSecond.toFixed(0)} images/s${training.interrupted ? ', interrupted' : ''}`,
      ...(last
        ? [
            `last epoch: loss ${last.loss.toFixed(3)}, ${last.accuracy.toFixed(1)} % of the training images right`,
          ]
        : []),
      `stored in ${out}`,
    ].join('\n');
  },
});
