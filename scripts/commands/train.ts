import { networkNamed } from '../../architectures/registry.ts';
import { FRIENDLY, STANDARD } from '../../architectures/variants.ts';
import { TF_CONFIG, TIMEOUT_SECONDS } from '../../training/cluster/cluster_defaults.ts';
import type { ClusterPlace } from '../../training/cluster/place.ts';
import { RECIPE_NAMES } from '../../training/recipes/recipe_names.ts';
import type { TrainedWorker } from '../../workflows/train/train.ts';
import {
  CHECKPOINT_SECONDS,
  RESTARTS,
  RETRAINING_RECIPE,
  TRAINING_DATASET,
} from '../../workflows/train/train_defaults.ts';
import { defineCommand } from '../command.ts';
import {
  DATA,
  DATASET,
  FLOAT_MODEL,
  LIMIT,
  NETWORK,
  OVERWRITE,
  onlyWithSqueezeExcite,
  onlyWithVariants,
  positiveNumbers,
  SEED_RANGE,
  SQUEEZE_EXCITE,
  TRAINING_SEED,
  VARIANT,
  WIDTH_MULTIPLIER,
  wholeNumbers,
  ZERO_VARIANCE,
} from '../options.ts';
import { RECIPE_OPTIONS } from '../recipe_options.ts';

export const trainCommand = defineCommand({
  command: 'train',
  describe: 'Train a network or a variant of one, or retrain published weights into it',
  options: (yargs) =>
    yargs
      .option('network', NETWORK)
      .option('variant', {
        ...VARIANT,
        defaultDescription: `${FRIENDLY.name} of ${NETWORK.default}, ${STANDARD.name} of the others`,
      })
      .option('squeeze-excite', SQUEEZE_EXCITE)
      .option('from', {
        type: 'string',
        requiresArg: true,
        describe: `${FLOAT_MODEL}, to start from`,
        defaultDescription: 'random weights',
      })
      .option('teacher', {
        type: 'string',
        requiresArg: true,
        describe: `${FLOAT_MODEL}, to distil from: of equal resolution and classes`,
        defaultDescription: 'none: from the labels alone',
      })
      .option('dataset', {
        ...DATASET,
        defaultDescription: `what --data holds, or ${TRAINING_DATASET} without it`,
      })
      .option('data', DATA)
      .option('out', {
        type: 'string',
        demandOption: true,
        requiresArg: true,
        describe: 'Folder of the trained model',
      })
      .option('overwrite', OVERWRITE)
      .option('recipe', {
        type: 'string',
        requiresArg: true,
        describe: `Recipe: ${RECIPE_NAMES.join(', ')}, or a JSON file`,
        defaultDescription: `${RETRAINING_RECIPE} with --from, else ${networkNamed(NETWORK.default).scratchRecipe} for ${NETWORK.default} and inception_v3, scratch-adam for the others`,
      })
      .options(RECIPE_OPTIONS)
      .option('resolution', {
        type: 'number',
        requiresArg: true,
        describe: 'Height and width of the network’s input in pixels',
        defaultDescription: "the recipe's",
      })
      .option('width-multiplier', WIDTH_MULTIPLIER)
      .option('zero-variance', {
        ...ZERO_VARIANCE,
        defaultDescription: 'mean',
        describe:
          'For batch norms that are folded into the start weights: see "tf8 quantize --help"',
      })
      .option('limit', { ...LIMIT, describe: 'Images of an epoch', defaultDescription: 'all' })
      .option('validation-images', {
        type: 'number',
        requiresArg: true,
        describe:
          'Training images that are held out; the network that does best on them is kept too',
        defaultDescription: 'a twentieth of an epoch, 5000 at most',
      })
      .option('eager', {
        type: 'boolean',
        default: false,
        describe:
          'Train operation by operation, which is slower, to compare with the compiled step',
      })
      .option('resume', {
        type: 'boolean',
        default: false,
        describe: 'Go on from the newest checkpoint in --out, if there is one, with equal options',
      })
      .option('checkpoint-seconds', {
        type: 'number',
        requiresArg: true,
        describe: 'Time between checkpoints',
        defaultDescription: `${CHECKPOINT_SECONDS}, or none with --checkpoint-steps`,
      })
      .option('checkpoint-steps', {
        type: 'number',
        requiresArg: true,
        describe: 'Steps between checkpoints',
      })
      .option('workers', {
        type: 'number',
        requiresArg: true,
        describe: 'Processes on this machine that share every batch; a lost one starts all again',
        defaultDescription: 'this process',
      })
      .option('restarts', {
        type: 'number',
        requiresArg: true,
        describe: 'How often the processes of --workers are started again from a checkpoint',
        defaultDescription: `${RESTARTS}`,
      })
      .option('cluster', {
        type: 'string',
        requiresArg: true,
        describe: 'host:port of each worker, with commas, on all machines the same',
        defaultDescription: `what ${TF_CONFIG} says, if it is set`,
      })
      .option('rank', {
        type: 'number',
        requiresArg: true,
        describe: 'Which worker of --cluster this process is, from 0',
      })
      .option('worker-timeout', {
        type: 'number',
        requiresArg: true,
        describe: 'Seconds that workers may be apart before they count as lost',
        defaultDescription: `${TIMEOUT_SECONDS}`,
      })
      .option('seed', TRAINING_SEED)
      .implies({ cluster: 'rank', rank: 'cluster', restarts: 'workers' })
      .check(onlyWithVariants(['variant', 'zero-variance']))
      .check(onlyWithSqueezeExcite)
      .check(
        positiveNumbers([
          'learning-rate',
          'width-multiplier',
          'minutes',
          'checkpoint-seconds',
          'worker-timeout',
        ]),
      )
      .check(
        wholeNumbers({
          epochs: 1,
          'batch-size': 1,
          resolution: 32,
          limit: 1,
          'validation-images': 0,
          'checkpoint-steps': 1,
          workers: 1,
          restarts: 0,
          rank: 0,
          seed: SEED_RANGE,
        }),
      ),
  examples: [
    [
      'train --variant friendly --from mobilenet_v1_1.0_224 --out models/friendly --limit 10000',
      'retrain on Fashion-MNIST',
    ],
    [
      'train --variant standard --width-multiplier 0.25 --dataset cifar10 --out models/small',
      'from random weights',
    ],
    [
      'train --from mobilenet_v1_1.0_224 --data photographs --out models/mine',
      'retrain on your own images: a folder for each class, cat/…, dog/…',
    ],
    [
      'train --from mobilenet_v1_1.0_224 --teacher models/standard --out models/friendly',
      'distil from a model that was trained on the same data',
    ],
    [
      'train --network mobilenet_v2 --variant friendly --from mobilenet_v2_1.0_224 --data photographs --out models/mine',
      'another family of networks, made friendly',
    ],
    [
      'train --recipe slim-imagenet --dataset imagenet --data DIR --out models/imagenet --resume',
      'begin, or go on after whatever stopped it',
    ],
  ],
  inputs: ({ from, teacher, dataset, data, recipe }) => ({
    floatModels: [from, teacher],
    recipe,
    folders: [data],
    dataset: { name: dataset, folder: data, option: 'data' },
  }),
  outputs: (argv) => {
    const { from, teacher, out, overwrite, resume, rank = 0, workers } = argv;
    // Worker 0 stores; it looks again, also where TF_CONFIG says who is worker 0.
    const isFirst = rank === 0 && (workers !== undefined || !process.env[TF_CONFIG]);
    return {
      inputs: [from, teacher],
      ...(isFirst && { modelFolder: out }),
      overwrite: overwrite || resume,
      checkpointed: true,
    };
  },
  run: async (argv, context) => {
    const { trainModel } = await import('../../workflows/train/train_model.ts');
    return trainModel({ ...argv, cluster: await placeIn(argv) }, context);
  },
  show: ({ out, best, training, start, workers }) => {
    const last = training.epochs.at(-1);
    const steps = training.steps === 1 ? '1 step' : `${training.steps} steps`;
    return [
      ...(start
        ? [
            `started from ${start.copied.length} copied and ${start.folded.length} folded layers; ${start.left.length} left random`,
          ]
        : []),
      training.imagesPerSecond > 0
        ? `${steps}, ${training.imagesPerSecond.toFixed(0)} images/s, ${percent(100 * training.waitShare)} of the time waiting for images${training.interrupted ? ', interrupted: --resume goes on' : ''}`
        : `${steps}, none of them now`,
      ...(last
        ? [
            `last epoch: loss ${last.loss.toFixed(3)}, ${percent(last.accuracy)} of the training images right`,
          ]
        : []),
      ...(best && training.best
        ? [
            `best epoch: ${training.best.epoch}, ${percent(training.best.top1)} of ${training.validationImages} held-out ${training.validationImages === 1 ? 'image' : 'images'} right; stored in ${best}`,
          ]
        : []),
      ...(workers !== undefined && workers.length > 1 ? [agreement(workers)] : []),
      `stored in ${out}`,
    ].join('\n');
  },
});

/** The place among workers that the options or the environment give. */
async function placeIn(argv: {
  readonly workers?: number | undefined;
  readonly cluster?: string | undefined;
  readonly rank?: number | undefined;
}): Promise<ClusterPlace | undefined> {
  const { placeOf, placeOfTfConfig } = await import('../../training/cluster/place.ts');
  if (argv.cluster !== undefined) return placeOf(argv.cluster, argv.rank!);
  return argv.workers === undefined ? placeOfTfConfig(process.env[TF_CONFIG]) : undefined;
}

function agreement(workers: readonly TrainedWorker[]): string {
  const alike = workers.every(({ weightsSha256 }) => weightsSha256 === workers[0].weightsSha256);
  return `${workers.length} workers, which ended with ${alike ? 'the same' : 'different'} weights`;
}

function percent(value: number): string {
  return `${value.toFixed(1)} %`;
}
