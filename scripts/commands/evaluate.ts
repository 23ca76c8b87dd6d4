import { defineCommand } from '../command.ts';
import {
  CACHE,
  CACHE_SIZE,
  CALIBRATION_DATA,
  CALIBRATION_IMAGES,
  DATA,
  DATASET,
  IMAGE_SIZE,
  INPUT_RANGE,
  LIMIT,
  MODEL,
  OUTPUTS,
  OVERWRITE,
  PREPROCESSING,
  PROFILE,
  QUANTIZATION_RECIPE,
  SEED,
  SEED_RANGE,
  SHARD,
  TIER,
  wholeNumbers,
  ZERO_VARIANCE,
} from '../options.ts';
import { shardLine } from '../show/shard.ts';

export const evaluateCommand = defineCommand({
  command: 'evaluate <model>',
  describe: 'Top-1 and top-5 accuracy in float and in TF8 on the same images',
  options: (yargs) =>
    yargs
      .positional('model', { type: 'string', demandOption: true, describe: MODEL })
      .option('dataset', DATASET)
      .option('data', DATA)
      .option('precision', {
        choices: ['float', 'tf8', 'both'] as const,
        default: 'both' as const,
        requiresArg: true,
        describe: 'What to measure; a TF8 file has no float part',
      })
      .option('recipe', QUANTIZATION_RECIPE)
      .option('zero-variance', ZERO_VARIANCE)
      .option('calibration-data', {
        ...CALIBRATION_DATA,
        describe: 'Folder of the data set to calibrate with',
      })
      .option('calibration-images', CALIBRATION_IMAGES)
      .option('input-range', INPUT_RANGE)
      .option('preprocessing', PREPROCESSING)
      .option('resolution', IMAGE_SIZE)
      .option('profile', PROFILE)
      .option('outputs', OUTPUTS)
      .option('limit', LIMIT)
      .option('tier', TIER)
      .option('fresh', {
        type: 'boolean',
        default: false,
        describe:
          'Measure anew what was measured before: the same network by the same code on the same images',
      })
      .option('seed', SEED)
      .option('cache', CACHE)
      .option('cache-limit', CACHE_SIZE)
      .option('shard', SHARD)
      .option('out', {
        type: 'string',
        requiresArg: true,
        describe: 'A file for the JSON without times, or for what a shard has counted',
      })
      .option('overwrite', OVERWRITE)
      .check(wholeNumbers({ 'calibration-images': 1, limit: 1, seed: SEED_RANGE })),
  examples: [
    ['evaluate mobilenet_v1_1.0_224 --data DIR', 'the published network, by the best recipe'],
    [
      'evaluate mobilenet_v1_1.0_224 --data DIR --recipe as-published',
      'without a recipe it collapses in TF8',
    ],
    ['evaluate models/friendly', 'a retrained network, on the data set it was trained for'],
    [
      'evaluate models/friendly --shard 2/3 --out part-2.json',
      'a third of the images; tf8 merge part-*.json is the whole',
    ],
  ],
  inputs: ({ model, dataset, data, calibrationData }) => ({
    model,
    folders: [data, calibrationData],
    dataset: { name: dataset, folder: data, option: 'data' },
  }),
  outputs: ({ model, shard, out, overwrite }) => ({
    inputs: [model],
    ...(shard === undefined ? { evaluationFile: out } : { shardFile: out }),
    overwrite,
  }),
  run: async (argv, context) => {
    const { evaluate, evaluateShard } = await import('../../workflows/evaluate/evaluate.ts');
    const { shard, out, ...options } = argv;
    if (shard === undefined) return evaluate(argv, context);
    return evaluateShard({ ...options, shard, out: out! }, context);
  },
  show: async (result) =>
    'shard' in result
      ? shardLine(result)
      : (await import('../show/evaluation.ts')).showEvaluation(result),
});
