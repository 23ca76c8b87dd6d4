import { networkNamed } from '../../architectures/registry.ts';
import { FRIENDLY, STANDARD } from '../../architectures/variants.ts';
import { formatLoss } from '../../foundation/reporting/amounts.ts';
import { TF_CONFIG, TIMEOUT_SECONDS } from '../../training/cluster/cluster_defaults.ts';
import type { ClusterPlace } from '../../training/cluster/place.ts';
import { RECIPE_NAMES } from '../../training/recipes/recipe_names.ts';
import {
  FREEZE_AFTER,
  FROZEN,
  QUANTIZATION_START,
  type QuantizationAwareResult,
} from '../../workflows/train/quantization_aware_options.ts';
import type { TrainedWorker } from '../../workflows/train/train.ts';
import {
  CHECKPOINT_SECONDS,
  RESTARTS,
  RETRAINING_RECIPE,
  TRAINING_DATASET,
} from '../../workflows/train/train_defaults.ts';
import { defineCommand } from '../command.ts';
import { joinedText } from '../list_options.ts';
import {
  CACHE,
  CACHE_SIZE,
  CALIBRATION_IMAGES,
  DATA,
  DATASET,
  FLOAT_MODEL,
  LIMIT,
  NETWORK,
  OVERWRITE,
  onlyWithSqueezeExcite,
  onlyWithVariants,
  positiveNumbers,
  QUANTIZATION_RECIPE,
  SEED_RANGE,
  SOFTMAX,
  SQUEEZE_EXCITE,
  TRAINING_SEED,
  VARIANT,
  WIDTH_MULTIPLIER,
  wholeNumbers,
  ZERO_VARIANCE,
} from '../options.ts';
import { RECIPE_OPTIONS } from '../recipe_options.ts';

export const trainCommand = defineCommand({
  command: 'train [model]',
  describe: 'Train a network or a variant of one, or retrain published weights into it',
  options: (yargs) =>
    yargs
      .positional('model', {
        type: 'string',
        describe: `With --quantization-aware: ${FLOAT_MODEL}`,
      })
      .option('quantization-aware', {
        type: 'boolean',
        default: false,
        describe:
          'Train MODEL in the executor’s integers, with itself as the teacher (no classes needed), into a TF8 file',
      })
      .option('quantization-recipe', {
        ...QUANTIZATION_RECIPE,
        defaultDescription: QUANTIZATION_START,
        describe: 'With --quantization-aware: recipe of the quantization that it starts from',
      })
      .option('calibration-images', {
        ...CALIBRATION_IMAGES,
        describe: 'With --quantization-aware: number of training images to calibrate with before',
      })
      .option('softmax', {
        type: 'boolean',
        describe: `With --quantization-aware: ${SOFTMAX.describe[0].toLowerCase()}${SOFTMAX.describe.slice(1)}`,
      })
      .option('ranges', {
        choices: ['learned', 'observed'] as const,
        requiresArg: true,
        describe: 'With --quantization-aware: by gradients, or the extremes of the batches',
        defaultDescription: 'learned',
      })
      .option('freeze-after', {
        type: 'number',
        requiresArg: true,
        describe: 'With --quantization-aware: share of the run after which ranges stay',
        defaultDescription: `${FREEZE_AFTER}`,
      })
      .option('dampening', {
        type: 'number',
        requiresArg: true,
        describe:
          'With --quantization-aware: how hard weights are pulled to their levels at the end',
        defaultDescription: '0',
      })
      .option('batch-norms', {
        choices: [FROZEN, 're-estimated'] as const,
        requiresArg: true,
        describe:
          'With --quantization-aware: statistics as trained, or those of the network in integers',
        defaultDescription: FROZEN,
      })
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
      .option('deterministic', {
        type: 'boolean',
        default: false,
        describe: 'Equal bits of equal runs on a GPU too; a processor gives them anyway',
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
      .option('cache', CACHE)
      .option('cache-limit', CACHE_SIZE)
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
        ...joinedText(',', (addresses) => addresses),
        describe:
          'host:port of each worker, with commas, on all machines the same; of a private network, as whoever reaches a port is let in',
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
      .check(forQuantizationAware)
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
          'calibration-images': 1,
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
    [
      'train mobilenet_v1_1.0_224 --quantization-aware --data photographs --out models/integers',
      'train in integers, without classes; then: tf8 export models/integers --format tflite',
    ],
  ],
  inputs: ({ model, from, teacher, dataset, data, recipe }) => ({
    floatModels: [model, from, teacher],
    recipe,
    folders: [data],
    dataset: { name: dataset, folder: data, option: 'data' },
  }),
  outputs: (argv) => {
    const { model, from, teacher, out, overwrite, resume, rank = 0, workers } = argv;
    // Worker 0 stores; it looks again, also where TF_CONFIG says who is worker 0.
    const isFirst = rank === 0 && (workers !== undefined || !process.env[TF_CONFIG]);
    return {
      inputs: [model, from, teacher],
      ...(isFirst && { modelFolder: out }),
      overwrite: overwrite || resume,
      checkpointed: true,
    };
  },
  run: async (argv, context) => {
    if (argv.quantizationAware) {
      const { trainQuantizationAware } = await import(
        '../../workflows/train/quantization_aware.ts'
      );
      return trainQuantizationAware({ ...argv, model: argv.model! }, context);
    }
    const { trainModel } = await import('../../workflows/train/train_model.ts');
    return trainModel({ ...argv, cluster: await placeIn(argv) }, context);
  },
  show: (result) => {
    const { out, best, training } = result;
    const [start, workers, quantization] =
      'quantization' in result
        ? [undefined, undefined, result]
        : [result.start, result.workers, undefined];
    const last = training.epochs.at(-1);
    const steps = training.steps === 1 ? '1 step' : `${training.steps} steps`;
    const interrupted = training.interrupted ? ', interrupted: --resume goes on' : '';
    const right =
      quantization?.labels === 'float network' ? 'as the float network has them' : 'right';
    return [
      ...(start
        ? [
            `started from ${start.copied.length} copied and ${start.folded.length} folded layers; ${start.left.length} left random`,
          ]
        : []),
      training.imagesPerSecond > 0
        ? `${steps}, ${training.imagesPerSecond.toFixed(training.imagesPerSecond < 10 ? 1 : 0)} images/s, ${percent(100 * training.waitShare)} of the time waiting for images${interrupted}`
        : `${steps}, none of them now${interrupted}`,
      ...(last
        ? [
            `last epoch: loss ${formatLoss(last.loss)}, ${percent(last.accuracy)} of the training images ${right}`,
          ]
        : []),
      ...(best && training.best
        ? [
            `best epoch: ${training.best.epoch}, ${percent(training.best.top1)} of ${training.validationImages} held-out ${training.validationImages === 1 ? 'image' : 'images'} ${right}; stored in ${best}`,
          ]
        : []),
      ...(workers !== undefined && workers.length > 1 ? [agreement(workers)] : []),
      ...(quantization ? quantizationLines(quantization) : []),
      `stored in ${out}`,
    ].join('\n');
  },
});

function quantizationLines({ quantization }: QuantizationAwareResult): string[] {
  const { splitLayers, inexactLayers } = quantization;
  return [
    ...(splitLayers.length > 0
      ? [`sums in two halves, since they may pass 2^24: ${splitLayers.join(', ')}`]
      : []),
    ...(inexactLayers.length > 0
      ? [`a byte may differ from what was trained in: ${inexactLayers.join(', ')}`]
      : []),
  ];
}

/** Options that only a training in integers has. */
const OF_INTEGERS = [
  'quantization-recipe',
  'calibration-images',
  'softmax',
  'ranges',
  'freeze-after',
  'dampening',
  'batch-norms',
] as const;

/** Options that such a training does not have: the model says what is trained. Each with what it is unless given. */
const NOT_OF_INTEGERS = {
  network: NETWORK.default,
  variant: undefined,
  from: undefined,
  teacher: undefined,
  resolution: undefined,
  'width-multiplier': WIDTH_MULTIPLIER.default,
  'zero-variance': undefined,
  workers: undefined,
  cluster: undefined,
} as const;

/** For `yargs.check`: MODEL and the options of a training in integers come with it, others without. */
function forQuantizationAware(argv: Readonly<Record<string, unknown>>): true {
  const { model, 'quantization-aware': isAware, 'freeze-after': share, dampening } = argv;
  if (!isAware) {
    const stray = OF_INTEGERS.find((name) => argv[name] !== undefined);
    if (stray !== undefined) {
      throw new Error(`Expected --${stray} with --quantization-aware but received it without`);
    }
    if (model === undefined) return true;
    throw new Error(
      `Expected MODEL with --quantization-aware but received ${model} without; --from ${model} starts from it`,
    );
  }
  if (model === undefined) {
    throw new Error('Expected MODEL, a float model, with --quantization-aware but received none');
  }
  for (const [name, usual] of Object.entries(NOT_OF_INTEGERS)) {
    if (argv[name] === usual) continue;
    throw new Error(
      `Expected no --${name} with --quantization-aware, where MODEL says what is trained, but received ${argv[name]}`,
    );
  }
  if (share !== undefined && !(Number(share) > 0 && Number(share) <= 1)) {
    throw new Error(`Expected a share in (0, 1] for --freeze-after but received ${share}`);
  }
  if (dampening !== undefined && !(Number(dampening) >= 0)) {
    throw new Error(`Expected a number of at least 0 for --dampening but received ${dampening}`);
  }
  return true;
}

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
