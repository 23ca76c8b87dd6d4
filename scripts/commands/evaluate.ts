import type { EvaluateResult } from '../../workflows/evaluate/evaluate.ts';
import type { Measured } from '../../workflows/evaluate/evaluation.ts';
import { kernelsName } from '../../workflows/open/kernels_used.ts';
import { howQuantized } from '../../workflows/quantize/conversion.ts';
import { markdownTable } from '../../workflows/records/markdown_table.ts';
import { defineCommand } from '../command.ts';
import {
  CALIBRATION_DATA,
  CALIBRATION_IMAGES,
  DATA,
  DATASET,
  IMAGE_SIZE,
  INPUT_RANGE,
  LIMIT,
  MODEL,
  OUTPUTS,
  PREPROCESSING,
  PROFILE,
  QUANTIZATION_RECIPE,
  SEED,
  SEED_RANGE,
  TIER,
  wholeNumbers,
  ZERO_VARIANCE,
} from '../options.ts';

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
      .check(wholeNumbers({ 'calibration-images': 1, limit: 1, seed: SEED_RANGE })),
  examples: [
    ['evaluate mobilenet_v1_1.0_224 --data DIR', 'the published network, by the best recipe'],
    [
      'evaluate mobilenet_v1_1.0_224 --data DIR --recipe as-published',
      'without a recipe it collapses in TF8',
    ],
    ['evaluate models/friendly', 'a retrained network, on the data set it was trained for'],
  ],
  inputs: ({ model, dataset, data, calibrationData }) => ({
    model,
    folders: [data, calibrationData],
    dataset: { name: dataset, folder: data, option: 'data' },
  }),
  run: async (argv, context) => {
    const { evaluate } = await import('../../workflows/evaluate/evaluate.ts');
    return evaluate(argv, context);
  },
  show: (result) =>
    [
      `${result.model} on ${result.images} images of ${result.dataset}${result.skipped > 0 ? `; ${result.skipped} could not be read` : ''}`,
      ...(result.tf8 || result.float
        ? ['', markdownTable(['precision', 'top-1 %', 'top-5 %'], accuracyRows(result), 1)]
        : []),
      ...outputLines(result),
      ...beforeLines(result),
      ...calibrationLines(result),
      ...(result.tf8 || result.float ? ['', timeTable(result)] : []),
    ].join('\n'),
});

function accuracyRows({ float, tf8 }: EvaluateResult): string[][] {
  const row = (name: string, { top1, top5 }: { top1: number; top5: number }) => [
    name,
    top1.toFixed(1),
    top5.toFixed(1),
  ];
  return [
    ...(float ? [row('float', float)] : []),
    ...(tf8 ? [row(`TF8 (${kernelsName(tf8)})`, tf8)] : []),
  ];
}

/** TF8 against float at every output. */
function outputLines({ outputs, outputImages }: EvaluateResult): string[] {
  if (outputs === undefined) return [];
  return [
    '',
    markdownTable(
      [`output, on ${outputImages} images`, 'SQNR dB', 'cosine', 'same first class %'],
      outputs.map(({ name, sqnrDb, cosine, agreement }) => [
        name,
        sqnrDb === Infinity ? 'lossless' : sqnrDb.toFixed(1),
        cosine.toFixed(4),
        agreement === null ? '–' : agreement.toFixed(1),
      ]),
      1,
    ),
  ];
}

/** Figures of an earlier evaluation; their times are of then. */
function beforeLines({ float, tf8 }: EvaluateResult): string[] {
  const before = [['float', float] as const, ['TF8', tf8] as const].flatMap(([name, measured]) =>
    measured?.measuredAt === undefined ? [] : [`${name} on ${measured.measuredAt.slice(0, 10)}`],
  );
  if (before.length === 0) return [];
  return ['', `measured before: ${before.join(', ')}; --fresh measures anew`];
}

/** Where the time went: images are decoded and resized beside the run. */
function timeTable({ float, tf8 }: EvaluateResult): string {
  const row = (name: string, { time }: Measured) => [
    name,
    time.imagesPerSecond.toFixed(1),
    ...[time.decodeMs, time.resizeMs, time.runMs].map((ms) => ms.toFixed(1)),
    ...[time.runShare, time.waitShare].map((share) => (100 * share).toFixed(0)),
  ];
  return markdownTable(
    [
      'speed',
      'images/s',
      ...['decode', 'resize', 'run'].map((stage) => `${stage} ms/image`),
      ...['running', 'waiting for images'].map((state) => `${state} %`),
    ],
    [...(float ? [row('float', float)] : []), ...(tf8 ? [row('TF8', tf8)] : [])],
    1,
  );
}

function calibrationLines({ calibration }: EvaluateResult): string[] {
  if (calibration === undefined) return [];
  const { images } = calibration;
  const how = howQuantized(calibration);
  if (calibration.source === 'file') {
    return ['', `calibrated on ${images} images when the file was made, ${how}`];
  }
  const handled = Object.values(calibration.zeroVarianceChannels);
  const channels = handled.reduce((a, b) => a + b, 0);
  return [
    '',
    `calibrated on ${images} images${calibration.overlap ? ', some of them evaluated' : ''}, ${how}`,
    ...(handled.length === 0
      ? []
      : [
          `${channels} ${channels === 1 ? 'channel' : 'channels'} of zero variance in ${handled.length} ${handled.length === 1 ? 'layer' : 'layers'} got the mean variance of the others`,
        ]),
  ];
}
