import { nearest } from '../../foundation/nearest.ts';
import { ROUNDINGS, type RoundingName } from '../../quantize/params/roundings.ts';
import { COMPARED_RECIPES } from '../../workflows/compare/compare_options.ts';
import { defineCommand } from '../command.ts';
import { compareCommandLine } from '../command_lines/compare.ts';
import { commaList } from '../list_options.ts';
import {
  CALIBRATION_DATA,
  CALIBRATION_IMAGES,
  DATA,
  DATASET,
  FLOAT_MODEL,
  IMAGE_SIZE,
  INPUT_RANGE,
  LIMIT,
  OUTPUTS,
  PREPROCESSING,
  SEED,
  SEED_RANGE,
  SOFTMAX,
  TIER,
  wholeNumbers,
} from '../options.ts';

export const compareCommand = defineCommand({
  command: 'compare <model>',
  describe: 'Recipes of quantization side by side: accuracy, agreement with float, SQNR, time',
  options: (yargs) =>
    yargs
      .positional('model', { type: 'string', demandOption: true, describe: FLOAT_MODEL })
      .option('dataset', DATASET)
      .option('data', { ...DATA, describe: 'Folder of the images to measure, with classes or not' })
      .option('recipes', {
        ...commaList((names) => names),
        defaultDescription: COMPARED_RECIPES.join(','),
        describe: 'Recipes of quantization, with commas: names, or JSON files',
      })
      .option('profiles', {
        ...commaList(profiles),
        describe: `Profiles of rounding beside LiteRT's, with commas, a row of each recipe for each: ${ROUNDINGS.slice(1).join(', ')}`,
      })
      .option('calibration-data', CALIBRATION_DATA)
      .option('calibration-images', {
        ...commaList((items) => counts(items, '--calibration-images')),
        defaultDescription: CALIBRATION_IMAGES.defaultDescription,
        describe:
          'Number of images to calibrate with; several, with commas: a row of each recipe for each',
      })
      .option('curve', {
        ...commaList((items) => counts(items, '--curve')),
        describe:
          'Numbers of images, with commas, that the last recipe is calibrated with as well: how many are enough',
      })
      .option('subsets', {
        type: 'number',
        alias: 'seeds',
        default: 1,
        requiresArg: true,
        describe: 'Disjoint subsets of images to calibrate with, for mean and spread',
      })
      .option('input-range', INPUT_RANGE)
      .option('preprocessing', PREPROCESSING)
      .option('resolution', IMAGE_SIZE)
      .option('outputs', OUTPUTS)
      .option('softmax', SOFTMAX)
      .option('limit', LIMIT)
      .option('tier', TIER)
      .option('seed', SEED)
      .option('runs-dir', {
        type: 'string',
        default: 'runs',
        requiresArg: true,
        describe: 'Folder of the records',
      })
      .check(wholeNumbers({ subsets: 1, limit: 1, seed: SEED_RANGE })),
  examples: [
    [
      'compare mobilenet_v1_1.0_224 --data DIR --calibration-data DIR --calibration-images 100',
      'what each recipe makes of the published network; images of one folder are not measured by what they calibrated',
    ],
    [
      'compare models/mine --data DIR --recipes best --curve 5,10,25,50,100 --subsets 3',
      'how many images are enough',
    ],
    [
      'compare models/mine --data DIR --recipes best --profiles double-rounding,power-of-two',
      "what a chip's own rounding costs",
    ],
  ],
  inputs: ({ model, dataset, data, calibrationData }) => ({
    floatModels: [model],
    folders: [data, calibrationData],
    dataset: { name: dataset, folder: data, option: 'data' },
  }),
  run: async (argv, context) => {
    const { compare } = await import('../../workflows/compare/compare.ts');
    return compare({ ...argv, command: compareCommandLine(argv) }, context);
  },
  show: async (result) => {
    const { comparisonTable } = await import('../../workflows/records/comparison_table.ts');
    const seconds = result.rows.map((row) => row.seconds);
    return [
      `${result.model} on ${result.dataset}, ${result.kernelTier} kernels`,
      '',
      comparisonTable(result.rows, seconds),
      ...result.notes.map((note) => `- ${note}`),
      '',
      `to look at it: tf8 report ${result.run}`,
    ].join('\n');
  },
});

function profiles(names: readonly string[]): readonly RoundingName[] {
  return [...new Set(names)].map((name) => {
    const found = ROUNDINGS.find((known) => known === name);
    if (found !== undefined) return found;
    const meant = nearest(name, ROUNDINGS);
    throw new Error(
      `Expected profiles of ${ROUNDINGS.join(', ')} for --profiles but received "${name}"${meant === undefined ? '' : `; did you mean ${meant}?`}`,
    );
  });
}

function counts(items: readonly string[], name: string): readonly number[] {
  const numbers = items.map((item) => Number(item || NaN));
  if (numbers.every((count) => Number.isSafeInteger(count) && count >= 1)) return numbers;
  throw new Error(
    `Expected whole numbers of at least 1 for ${name} but received ${items.join(',')}`,
  );
}
