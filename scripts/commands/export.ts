import { FORMAT_DESCRIPTIONS, FORMAT_NAMES } from '../../quantize/export/format_names.ts';
import { defineCommand } from '../command.ts';
import {
  CALIBRATION_DATA,
  CALIBRATION_IMAGES,
  DATASET,
  INPUT_RANGE,
  MODEL,
  OUTPUTS,
  OVERWRITE,
  SEED,
  SEED_RANGE,
  wholeNumbers,
  ZERO_VARIANCE,
} from '../options.ts';

export const exportCommand = defineCommand({
  command: 'export <model>',
  describe: 'Write a TF8 model in the format of another program',
  options: (yargs) =>
    yargs
      .positional('model', { type: 'string', demandOption: true, describe: MODEL })
      .option('format', {
        choices: FORMAT_NAMES,
        demandOption: true,
        requiresArg: true,
        describe: Object.entries(FORMAT_DESCRIPTIONS)
          .map(([name, description]) => `${name}: ${description}`)
          .join('. '),
      })
      .option('out', {
        type: 'string',
        demandOption: true,
        requiresArg: true,
        describe: 'The exported file; its manifest is FILE.json',
      })
      .option('overwrite', OVERWRITE)
      .option('dataset', DATASET)
      .option('calibration-data', CALIBRATION_DATA)
      .option('calibration-images', CALIBRATION_IMAGES)
      .option('input-range', INPUT_RANGE)
      .option('outputs', OUTPUTS)
      .option('zero-variance', ZERO_VARIANCE)
      .option('seed', SEED)
      .check(wholeNumbers({ 'calibration-images': 1, seed: SEED_RANGE })),
  examples: [
    ['export mobilenet.tf8 --format tflite --out mobilenet.tflite', 'for LiteRT'],
    [
      'export mobilenet_v1_1.0_224 --calibration-data DIR --zero-variance mean --format onnx --out mobilenet.onnx',
      'quantized first, for ONNX Runtime',
    ],
  ],
  inputs: ({ model, dataset, calibrationData }) => ({
    model,
    folders: [calibrationData],
    dataset: { name: dataset, folder: calibrationData, option: 'calibrationData' },
  }),
  outputs: ({ model, out, overwrite }) => ({ inputs: [model], exported: out, overwrite }),
  run: async (argv, context) => {
    const { exportModel } = await import('../../workflows/export/export.ts');
    return exportModel(argv, context);
  },
  show: (result) =>
    [
      ...result.files.map(({ path, bytes }) => `${path}: ${bytes.toLocaleString('en')} bytes`),
      `${result.layers} layers; the manifest is ${result.manifest}`,
    ].join('\n'),
});
