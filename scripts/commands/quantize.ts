import { howQuantized } from '../../workflows/quantize/conversion.ts';
import type { QuantizeResult } from '../../workflows/quantize/quantize.ts';
import { defineCommand } from '../command.ts';
import {
  CALIBRATION_DATA,
  CALIBRATION_IMAGES,
  DATASET,
  FLOAT_MODEL,
  IMAGE_SIZE,
  INPUT_RANGE,
  OUTPUTS,
  OVERWRITE,
  PREPROCESSING,
  PROFILE,
  QUANTIZATION_RECIPE,
  SEED,
  SEED_RANGE,
  SOFTMAX,
  wholeNumbers,
  ZERO_VARIANCE,
} from '../options.ts';
import { imageCount } from '../show/lines.ts';
import { inShell } from '../wording.ts';

export const quantizeCommand = defineCommand({
  command: 'quantize <model>',
  describe: 'Fold, calibrate and convert a float model into a TF8 file',
  options: (yargs) =>
    yargs
      .positional('model', { type: 'string', demandOption: true, describe: FLOAT_MODEL })
      .option('dataset', DATASET)
      .option('calibration-data', CALIBRATION_DATA)
      .option('calibration-images', CALIBRATION_IMAGES)
      .option('input-range', INPUT_RANGE)
      .option('preprocessing', PREPROCESSING)
      .option('resolution', IMAGE_SIZE)
      .option('recipe', QUANTIZATION_RECIPE)
      .option('profile', PROFILE)
      .option('outputs', OUTPUTS)
      .option('zero-variance', ZERO_VARIANCE)
      .option('softmax', SOFTMAX)
      .option('out', {
        type: 'string',
        demandOption: true,
        requiresArg: true,
        describe: 'The TF8 file',
      })
      .option('overwrite', OVERWRITE)
      .option('seed', SEED)
      .check(wholeNumbers({ 'calibration-images': 1, seed: SEED_RANGE })),
  examples: [
    [
      'quantize mobilenet_v1_1.0_224 --calibration-data DIR --out mobilenet.tf8',
      'within a point of float, without training',
    ],
    [
      'quantize mobilenet_v1_1.0_224 --calibration-data DIR --recipe option-1 --out mobilenet.tf8',
      'Option 1 of the paper alone, in seconds',
    ],
  ],
  inputs: ({ model, dataset, calibrationData }) => ({
    floatModels: [model],
    folders: [calibrationData],
    dataset: { name: dataset, folder: calibrationData, option: 'calibrationData' },
  }),
  outputs: ({ model, out, overwrite }) => ({ inputs: [model], tf8File: out, overwrite }),
  run: async (argv, context) => {
    const { quantize } = await import('../../workflows/quantize/quantize.ts');
    return quantize(argv, context);
  },
  show: (result) =>
    [
      `${result.out}: ${result.layers} layers, ${result.bytes.toLocaleString('en')} bytes`,
      `${recipeWords(result)}calibrated on ${imageCount(result.calibrationImages)}${result.skipped > 0 ? `, ${result.skipped} could not be read` : ''}`,
      ...Object.entries(result.zeroVarianceChannels).map(
        ([layer, channels]) =>
          `${layer}: the others' mean variance for ${channels} ${channels === 1 ? 'channel' : 'channels'} of zero variance`,
      ),
      `next: tf8 evaluate ${inShell(result.out)} --data DIR`,
    ].join('\n'),
});

/** None for a recipe that the handling of zero variance tells: the lines below say of that. */
function recipeWords({ recipe, zeroVariance }: QuantizeResult): string {
  const how = howQuantized({ recipe, zeroVariance });
  return how.startsWith('recipe') ? `${how}; ` : '';
}
