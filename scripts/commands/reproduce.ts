import { VARIANT_NETWORK_NAMES, type VariantNetworkName } from '../../architectures/registry.ts';
import { UserError } from '../../foundation/errors.ts';
import type { PresetChanges } from '../../workflows/reproduce/change_preset.ts';
import { DEVICES } from '../../workflows/reproduce/elsewhere.ts';
import {
  NETWORK_NAMES,
  PRESET_NAMES,
  TABLE_DATASETS,
  TABLE_NAMES,
  type TableNetworkName,
} from '../../workflows/reproduce/preset.ts';
import { splitPublished } from '../../workflows/reproduce/published_models.ts';
import { defineCommand } from '../command.ts';
import { reproduceCommandLine } from '../command_lines/reproduce.ts';
import { commaList } from '../list_options.ts';
import { positiveNumbers, QUANTIZATION_RECIPE, SEED_RANGE, wholeNumbers } from '../options.ts';

/** More would take years. */
const MOST_SEEDS = 1000;

/**
 * Names of a list, each once.
 * @throws UserError for one that is none of `known`
 */
function namesIn<Name extends string>(
  list: readonly string[],
  known: readonly Name[],
  flag: string,
): readonly Name[] {
  const names = list.map((item) => {
    const name = known.find((candidate) => candidate === item);
    if (name !== undefined) return name;
    throw new UserError(`Expected some of ${known.join(', ')} for ${flag} but received "${item}"`);
  });
  return [...new Set(names)];
}

/** An option that changes a preset. */
const CHANGE = { requiresArg: true, defaultDescription: "the preset's" } as const;

export const reproduceCommand = defineCommand({
  command: 'reproduce',
  describe:
    "The paper's table, float and TF8 side by side (what npm start runs), or one of ways to 8 bits",
  options: (yargs) =>
    yargs
      .option('table', {
        choices: TABLE_NAMES,
        default: 'paper' as const,
        requiresArg: true,
        describe:
          "paper: the paper's networks; ways: what makes a network fit for 8 bits, over several networks",
      })
      .option('dataset', {
        choices: TABLE_DATASETS,
        default: 'fashion-mnist' as const,
        requiresArg: true,
        describe: 'Data set',
      })
      .option('preset', {
        choices: PRESET_NAMES,
        default: 'quick' as const,
        requiresArg: true,
        describe:
          'quick: some rows, in minutes; standard: hours; paper: 120 epochs from random weights',
      })
      .option('data', {
        type: 'string',
        requiresArg: true,
        describe:
          'Folder of the data set; imagenet needs one: a folder a class, named by wnid, or TFRecords',
      })
      .option('seeds', {
        ...CHANGE,
        type: 'number',
        describe: 'Makes each row with so many seeds, from 0, and prints mean and spread',
      })
      .option('seed', {
        ...CHANGE,
        type: 'number',
        describe: 'Makes each row with this seed alone',
      })
      .conflicts('seeds', 'seed')
      .option('rows', {
        ...commaList((rows) => rows),
        defaultDescription: CHANGE.defaultDescription,
        describe: `Only these rows and what they start from, with commas: ${NETWORK_NAMES.join(', ')}`,
      })
      .option('network', {
        ...commaList((networks) => networks),
        defaultDescription: CHANGE.defaultDescription,
        describe: `Network whose rows the table has; with --table ways several, with commas: ${VARIANT_NETWORK_NAMES.join(', ')}`,
      })
      .option('estimate', {
        type: 'boolean',
        default: false,
        describe: 'Only estimate what the table will cost on this machine',
      })
      .option('workers', {
        type: 'number',
        implies: 'estimate',
        requiresArg: true,
        describe: 'With --estimate: the trainings by so many machines like this one, too, or GPUs',
        defaultDescription: '8 with --preset paper',
      })
      .option('device', {
        choices: DEVICES,
        implies: 'workers',
        requiresArg: true,
        describe: 'What --workers are: machines, or GPUs on paper',
        defaultDescription: 'cpu',
      })
      .option('imagenet', {
        type: 'string',
        requiresArg: true,
        describe:
          'ImageNet folder for rows of the published network beside those of another data set',
      })
      .option('imagenet-limit', {
        type: 'number',
        requiresArg: true,
        describe: 'Measure only so many of its images',
        defaultDescription: 'all',
      })
      .option('train-images', { ...CHANGE, type: 'number', describe: 'Images of an epoch' })
      .option('test-images', { ...CHANGE, type: 'number', describe: 'Images that are measured' })
      .option('epochs', { ...CHANGE, type: 'number', describe: 'Epochs of every training' })
      .option('resolution', {
        ...CHANGE,
        type: 'number',
        describe: 'Height and width of the networks’ input in pixels',
      })
      .option('batch-size', { ...CHANGE, type: 'number', describe: 'Images of a training step' })
      .option('width-multiplier', {
        ...CHANGE,
        type: 'number',
        describe: "Factor of every layer's filters; another than 1 starts from random weights",
      })
      .option('calibration-images', {
        ...CHANGE,
        type: 'number',
        describe: 'Images to calibrate with',
      })
      .option('rearchitect-images', {
        ...CHANGE,
        type: 'number',
        describe: 'Images that the re-architecture is fitted on',
      })
      .option('recipe', {
        ...QUANTIZATION_RECIPE,
        defaultDescription: 'best',
        describe: 'Recipe of quantization of the row without training: a name, or a JSON file',
      })
      .option('published', {
        type: 'string',
        array: true,
        nargs: 1,
        requiresArg: true,
        describe:
          'MODEL in the place of the published network, as NETWORK=MODEL where the table has several; again for each',
        defaultDescription: "the network's published weights",
      })
      .option('runs-dir', {
        type: 'string',
        default: 'runs',
        requiresArg: true,
        describe: 'Folder of the records, and of the networks and figures that tables share',
      })
      .check(positiveNumbers(['width-multiplier']))
      .check(
        wholeNumbers({
          seeds: [1, MOST_SEEDS],
          seed: SEED_RANGE,
          'imagenet-limit': 1,
          'train-images': 1,
          'test-images': 1,
          epochs: 1,
          resolution: 32,
          'batch-size': 1,
          'calibration-images': 1,
          'rearchitect-images': 1,
          workers: 1,
        }),
      ),
  examples: [
    ['reproduce', 'the table of Fashion-MNIST in minutes; again: from what is there'],
    ['reproduce --dataset cifar10 --preset standard', 'every row, three seeds'],
    ['reproduce --table ways --dataset cifar10', 'ways to 8 bits, over three networks'],
    ['reproduce --dataset imagenet --preset paper --data DIR --estimate', 'what it would cost'],
    ['reproduce --train-images 640 --test-images 500 --epochs 1', 'a short look'],
  ],
  inputs: ({ published, dataset, data, imagenet }) => ({
    floatModels: published?.map((one) => splitPublished(one, VARIANT_NETWORK_NAMES).model) ?? [],
    folders: [data, imagenet],
    dataset: { name: dataset, folder: data, option: 'data' },
  }),
  run: async (argv, context) => {
    const changes = changesOf(argv); // before anything is loaded
    const { estimateTable, reproduce } = await import('../../workflows/reproduce/reproduce.ts');
    const { costReport } = await import('../../workflows/reproduce/cost_report.ts');
    const { table, dataset, preset, data, imagenet, imagenetLimit, published, recipe, runsDir } =
      argv;
    const asked = {
      table,
      dataset,
      preset,
      data,
      imagenet,
      imagenetLimit,
      seeds: seedsOf(argv),
      changes,
      recipe,
      published,
      runsDir,
    };
    const options = { ...asked, command: reproduceCommandLine(asked) };
    if (argv.estimate) {
      const { workers, device = 'cpu' } = argv;
      const asked = workers === undefined ? undefined : { workers, device };
      const estimate = await estimateTable(options, context, asked);
      return { kind: 'estimate' as const, ...estimate, text: costReport(estimate) };
    }
    const announce = preset === 'quick' ? 'plan' : 'cost';
    return { kind: 'table' as const, ...(await reproduce({ ...options, announce }, context)) };
  },
  show: async (result) => {
    if (result.kind === 'estimate') return result.text;
    const { readTiming } = await import('../../workflows/records/run_record.ts');
    const { showReproduction } = await import('../show/reproduction.ts');
    return showReproduction(result, await readTiming(result.dir));
  },
});

function seedsOf(argv: {
  seeds?: number | undefined;
  seed?: number | undefined;
}): readonly number[] | undefined {
  if (argv.seed !== undefined) return [argv.seed];
  return argv.seeds === undefined
    ? undefined
    : Array.from({ length: argv.seeds }, (_, seed) => seed);
}

/** @throws UserError for a row or a network that no table has */
function changesOf({
  rows,
  network,
  trainImages,
  testImages,
  epochs,
  resolution,
  batchSize,
  widthMultiplier,
  calibrationImages,
  rearchitectImages,
}: Omit<PresetChanges, 'networks' | 'families'> & {
  rows?: readonly string[] | undefined;
  network?: readonly string[] | undefined;
}): PresetChanges {
  return {
    networks: rows && namesIn<TableNetworkName>(rows, NETWORK_NAMES, '--rows'),
    families: network && namesIn<VariantNetworkName>(network, VARIANT_NETWORK_NAMES, '--network'),
    trainImages,
    testImages,
    epochs,
    resolution,
    batchSize,
    widthMultiplier,
    calibrationImages,
    rearchitectImages,
  };
}
