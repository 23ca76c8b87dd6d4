import { JUDGED_IMAGES } from '../../workflows/fix/fix_options.ts';
import { defineCommand } from '../command.ts';
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
  OVERWRITE,
  PREPROCESSING,
  SEED,
  SEED_RANGE,
  TIER,
  wholeNumbers,
} from '../options.ts';

export const fixCommand = defineCommand({
  command: 'fix <model>',
  describe: 'Diagnose a float model, take the remedies that pay, write a TF8 file and its recipe',
  options: (yargs) =>
    yargs
      .positional('model', { type: 'string', demandOption: true, describe: FLOAT_MODEL })
      .option('dataset', DATASET)
      .option('data', {
        ...DATA,
        defaultDescription: 'those of --calibration-data that do not calibrate',
        describe: 'Folder of images to judge remedies by; their classes are never read',
      })
      .option('calibration-data', CALIBRATION_DATA)
      .option('calibration-images', CALIBRATION_IMAGES)
      .option('input-range', INPUT_RANGE)
      .option('preprocessing', PREPROCESSING)
      .option('resolution', IMAGE_SIZE)
      .option('outputs', OUTPUTS)
      .option('limit', {
        ...LIMIT,
        defaultDescription: String(JUDGED_IMAGES),
        describe: 'Number of images to judge remedies by',
      })
      .option('out', {
        type: 'string',
        demandOption: true,
        requiresArg: true,
        describe: 'The TF8 file; the recipe becomes OUT.recipe.json',
      })
      .option('overwrite', OVERWRITE)
      .option('tier', TIER)
      .option('seed', SEED)
      .check(wholeNumbers({ 'calibration-images': 1, limit: 1, seed: SEED_RANGE })),
  examples: [
    [
      'fix mobilenet_v1_1.0_224 --calibration-data DIR --calibration-images 100 --out fixed.tf8',
      'the recipe that this network needs, from unlabelled photographs',
    ],
    [
      'quantize mobilenet_v1_1.0_224 --calibration-data DIR --calibration-images 100 --recipe fixed.tf8.recipe.json --out again.tf8',
      'the same file again',
    ],
  ],
  inputs: ({ model, dataset, data, calibrationData }) => ({
    floatModels: [model],
    folders: [data, calibrationData],
    dataset: {
      name: dataset,
      folder: calibrationData ?? data,
      option: 'calibrationData',
    },
  }),
  outputs: ({ model, out, overwrite }) => ({ inputs: [model], tf8File: out, overwrite }),
  run: async (argv, context) => {
    const { fix } = await import('../../workflows/fix/fix.ts');
    return fix(argv, context);
  },
  show: async (result) => {
    const { shownFix } = await import('../show/fix.ts');
    return shownFix(result);
  },
});
