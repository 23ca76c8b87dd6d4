import { FORMAT_DESCRIPTIONS, FORMAT_NAMES } from '../../quantize/export/format_names.ts';
import type { ExportResult } from '../../workflows/export/export.ts';
import { runtimesOf } from '../../workflows/verify/runtime_names.ts';
import { defineCommand } from '../command.ts';
import {
  CALIBRATION_DATA,
  CALIBRATION_IMAGES,
  DATASET,
  IMAGE_SIZE,
  INPUT_RANGE,
  MODEL,
  OUTPUTS,
  OVERWRITE,
  PREPROCESSING,
  QUANTIZATION_RECIPE,
  SEED,
  SEED_RANGE,
  wholeNumbers,
  ZERO_VARIANCE,
} from '../options.ts';
import { showMemory } from '../show/memory.ts';
import { inShell } from '../wording.ts';

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
        describe:
          'The exported file; its manifest is FILE.json. Of c a NAME: NAME.c, NAME.h, NAME_main.c and NAME.json',
      })
      .option('overwrite', OVERWRITE)
      .option('dataset', DATASET)
      .option('calibration-data', CALIBRATION_DATA)
      .option('calibration-images', CALIBRATION_IMAGES)
      .option('input-range', INPUT_RANGE)
      .option('preprocessing', PREPROCESSING)
      .option('resolution', IMAGE_SIZE)
      .option('recipe', QUANTIZATION_RECIPE)
      .option('outputs', OUTPUTS)
      .option('zero-variance', ZERO_VARIANCE)
      .option('prefix', {
        type: 'string',
        requiresArg: true,
        describe: 'Of c: what every name begins with, as in PREFIX_run',
        defaultDescription: 'NAME as an identifier',
      })
      .option('integer-only', {
        type: 'boolean',
        default: false,
        describe: 'Of c: requantize by integers alone, no float and no double; the same bytes',
      })
      .option('golden', {
        type: 'number',
        requiresArg: true,
        describe:
          'Store golden vectors of N images in NAME_golden: input, every layer, outputs as .npy and .hex, and a manifest',
      })
      .option('data', {
        type: 'string',
        requiresArg: true,
        describe: 'Folder of the images of --golden',
        defaultDescription: 'the folder to calibrate with',
      })
      .option('seed', SEED)
      .check(onlyOfC)
      .check(wholeNumbers({ 'calibration-images': 1, golden: 1, seed: SEED_RANGE })),
  examples: [
    ['export mobilenet.tf8 --format tflite --out mobilenet.tflite', 'for LiteRT'],
    [
      'export per_channel.tf8 --format tflite-int8 --out mobilenet_int8.tflite',
      'for chips that take int8',
    ],
    [
      'export mobilenet.tf8 --format c --integer-only --out mobilenet',
      'mobilenet.c and mobilenet.h, for a microcontroller',
    ],
    [
      'export mobilenet_v1_1.0_224 --calibration-data DIR --format onnx --out mobilenet.onnx',
      'quantized first, for ONNX Runtime',
    ],
  ],
  inputs: ({ model, dataset, calibrationData, data }) => ({
    model,
    folders: [calibrationData, data],
    dataset: { name: dataset, folder: calibrationData, option: 'calibrationData' },
  }),
  outputs: ({ model, out, overwrite, format }) => ({
    inputs: [model],
    exported: format === 'c' ? `${out.replace(/\.[ch]$/, '')}.c` : out,
    overwrite,
  }),
  run: async (argv, context) => {
    const { exportModel } = await import('../../workflows/export/export.ts');
    return exportModel({ ...argv, arithmetic: argv.integerOnly ? 'integer' : 'float' }, context);
  },
  show: (result) =>
    [
      ...result.files.map(({ path, bytes }) => `${path}: ${bytes.toLocaleString('en')} bytes`),
      `${result.layers} layers; the manifest is ${result.manifest}`,
      ...(result.golden === undefined ? [] : [`golden vectors: ${result.golden}`]),
      ...(result.memory === undefined ? [] : showMemory(result.memory)),
      ...nextStep(result),
    ].join('\n'),
});

/** What may be done with the files: verified, where a runtime of ours reads the format. */
function nextStep({ format, files }: ExportResult): readonly string[] {
  if (runtimesOf(format).length === 0) return [];
  return [`next: tf8 verify ${inShell(files[0].path)} --data DIR`];
}

/** For `yargs.check`: options of one format come with no other. */
function onlyOfC(argv: Readonly<Record<string, unknown>>): true {
  if (argv.format === 'c') return true;
  for (const [name, given] of [
    ['prefix', argv.prefix !== undefined],
    ['integer-only', argv['integer-only']],
  ]) {
    if (given)
      throw new Error(`Expected no --${name} with --format ${argv.format} but received it`);
  }
  return true;
}
