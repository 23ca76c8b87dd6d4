import { ANALYZED_IMAGES } from '../../workflows/analyze/analyze_options.ts';
import { defineCommand } from '../command.ts';
import { analyzeCommandLine } from '../command_lines/analyze.ts';
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
  PER_CLASS,
  PREPROCESSING,
  PROFILE,
  QUANTIZATION_RECIPE,
  SEED,
  SEED_RANGE,
  SHARD,
  SOFTMAX,
  TIER,
  wholeNumbers,
  ZERO_VARIANCE,
} from '../options.ts';
import { shardLine } from '../show/shard.ts';

export const analyzeCommand = defineCommand({
  command: 'analyze <model>',
  describe: 'Where TF8 loses accuracy, layer by layer and cause by cause, and what to do about it',
  options: (yargs) =>
    yargs
      .positional('model', { type: 'string', demandOption: true, describe: FLOAT_MODEL })
      .option('dataset', DATASET)
      .option('data', DATA)
      .option('limit', { ...LIMIT, defaultDescription: String(ANALYZED_IMAGES) })
      .option('per-class', PER_CLASS)
      .option('recipe', QUANTIZATION_RECIPE)
      .option('profile', {
        ...PROFILE,
        describe: `${PROFILE.describe}. What it costs against LiteRT's is measured layer by layer`,
      })
      .option('zero-variance', ZERO_VARIANCE)
      .option('calibration-data', CALIBRATION_DATA)
      .option('calibration-images', CALIBRATION_IMAGES)
      .option('input-range', INPUT_RANGE)
      .option('preprocessing', PREPROCESSING)
      .option('resolution', IMAGE_SIZE)
      .option('outputs', OUTPUTS)
      .option('softmax', SOFTMAX)
      .option('accuracy', {
        type: 'boolean',
        default: false,
        describe:
          'Measure accuracy with parts of the network in TF8, too: only weights, only activations, one layer, all but one; takes as long as some dozens of evaluations',
      })
      .option('tier', TIER)
      .option('seed', SEED)
      .option('shard', SHARD)
      .option('out', {
        type: 'string',
        requiresArg: true,
        describe: "A file for the JSON, besides the run's folder, or for what a shard has counted",
      })
      .option('overwrite', OVERWRITE)
      .option('runs-dir', {
        type: 'string',
        default: 'runs',
        requiresArg: true,
        describe: 'Folder of the records',
      })
      .check(wholeNumbers({ 'calibration-images': 1, limit: 1, 'per-class': 1, seed: SEED_RANGE })),
  examples: [
    [
      'analyze mobilenet_v1_1.0_224 --data DIR --recipe as-published',
      'the published network: dead channels',
    ],
    [
      'analyze mobilenet_v1_1.0_224 --data DIR --recipe option-1',
      'what is left after Option 1 of the paper',
    ],
    [
      'analyze mobilenet_v1_1.0_224 --data DIR --per-class 1',
      'one image of each class, as the paper has it',
    ],
    [
      'analyze mobilenet_v1_1.0_224 --data DIR --recipe best --profile double-rounding',
      'what the rounding of TensorFlow Lite Micro changes',
    ],
    ['analyze models/friendly --accuracy', 'accuracy with parts in TF8, too'],
  ],
  inputs: ({ model, dataset, data, calibrationData }) => ({
    floatModels: [model],
    folders: [data, calibrationData],
    dataset: { name: dataset, folder: data, option: 'data' },
  }),
  outputs: ({ model, shard, out, overwrite }) => ({
    inputs: [model],
    ...(shard === undefined ? { analysisFile: out } : { shardFile: out }),
    overwrite,
  }),
  run: async (argv, context) => {
    const { analyze, analyzeShard } = await import('../../workflows/analyze/analyze.ts');
    const { shard, out, ...options } = { ...argv, command: analyzeCommandLine(argv) };
    if (shard === undefined) return analyze({ ...options, out }, context);
    return analyzeShard({ ...options, shard, out: out! }, context);
  },
  show: async (result) =>
    'layers' in result
      ? (await import('../show/analysis.ts')).showAnalysis(result)
      : shardLine(result),
});
