import { FORMAT_DESCRIPTIONS, FORMAT_NAMES } from '../../quantize/export/format_names.ts';
import type { ExportResult } from '../../workflows/export/export.ts';
import { EXACT_PRODUCTS_WORDS } from '../../workflows/verify/explain_difference.ts';
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
  PROFILE,
  QUANTIZATION_RECIPE,
  SEED,
  SEED_RANGE,
  wholeNumbers,
  ZERO_VARIANCE,
} from '../options.ts';
import { wrapped } from '../show/lines.ts';
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
      .option('profile', PROFILE)
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
  const path = inShell(files[0].path);
  const next = NEXT_STEPS[format]?.(path, files[1] && inShell(files[1].path));
  if (runtimesOf(format).length === 0) return next === undefined ? [] : [`next: ${next}`];
  return [
    ...(format === 'onnx-int8' ? wrapped(INT8_IN_ONNX_RUNTIME, '') : []),
    `next: tf8 verify ${path} --data DIR`,
  ];
}

const INT8_IN_ONNX_RUNTIME = `ONNX Runtime on an x86-64 processor without VNNI needs the entry ${EXACT_PRODUCTS_WORDS} in the options of its session: its sums of two products of int8 saturate at 16 bits otherwise.`;

/** Of formats that no runtime of ours reads. */
const NEXT_STEPS: Readonly<Record<string, (path: string, second?: string) => string>> = {
  encodings: overrides,
  'encodings-1': overrides,
  'encodings-2': overrides,
  npz: (path) => `numpy.load(${JSON.stringify(path)})`,
  csv: (path) =>
    `a table of the layers for a spreadsheet, or pandas.read_csv(${JSON.stringify(path)})`,
};

/** @param network the float network in ONNX, where it was written */
function overrides(path: string, network?: string): string {
  const beside =
    network ?? 'the float network in ONNX, which an export of the float model writes beside it';
  return `give ${path} to AIMET's load_encodings_to_sim, or to Qualcomm's converter as --quantization_overrides, with ${beside}`;
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
