import { VARIANTS, variantNamed } from '../../architectures/variants.ts';
import { openDataset } from '../../datasets/open_dataset.ts';
import { RECIPES, recipeNamed } from '../../training/recipe.ts';
import { defineCommand } from '../command.ts';
import {
  DATA,
  DATASET,
  LIMIT,
  positiveNumbers,
  SEED,
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
        describe: 'Core layer',
      })
      .option('from', {
        type: 'string',
        requiresArg: true,
        describe: 'MODEL to start from (default: random weights)',
      })
      .option('dataset', { ...DATASET, default: 'fashion-mnist' })
      .option('data', DATA)
      .option('out', {
        type: 'string',
        demandOption: true,
        requiresArg: true,
        describe: 'Folder of the trained model',
      })
      .option('recipe', {
        choices: RECIPES.map(({ name }) => name),
        describe: 'Recipe (default: finetune with --from, else scratch)',
      })
      .option('epochs', { type: 'number', describe: "Instead of the recipe's" })
      .option('batch-size', { type: 'number', describe: "Instead of the recipe's" })
      .option('learning-rate', {
        type: 'number',
        describe: "At the start, instead of the recipe's",
      })
      .option('resolution', {
        type: 'number',
        default: 64,
        describe: 'Height and width of the network’s input in pixels',
      })
      .option('width-multiplier', WIDTH_MULTIPLIER)
      .option('zero-variance', {
        ...ZERO_VARIANCE,
        default: 'mean' as const,
        describe:
          'For batch norms that are folded into the start weights: see "tf8 quantize --help"',
      })
      .option('limit', { ...LIMIT, describe: 'Images of an epoch (default: all)' })
      .option('seed', SEED)
      .check(positiveNumbers(['learning-rate', 'width-multiplier']))
      .check(wholeNumbers({ epochs: 1, 'batch-size': 1, resolution: 32, limit: 1, seed: 0 })),
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
    const { trainJob } = await import('../jobs/train.ts');
    const named = recipeNamed(argv.recipe ?? (argv.from === undefined ? 'scratch' : 'finetune'));
    const dataset = await openDataset(argv.dataset, {
      ...context,
      ...(argv.data !== undefined && { dir: argv.data }),
    });
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
