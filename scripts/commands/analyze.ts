import type { Finding, LayerAnalysis } from '../../quantize/analyze/analysis.ts';
import { defineCommand } from '../command.ts';
import type { AnalyzeResult } from '../jobs/analyze/analyze.ts';
import {
  CALIBRATION_DATA,
  CALIBRATION_IMAGES,
  DATA,
  DATASET,
  FLOAT_MODEL,
  LIMIT,
  SEED,
  SEED_RANGE,
  TIER,
  wholeNumbers,
  ZERO_VARIANCE,
} from '../options.ts';
import { markdownTable } from '../records/markdown_table.ts';

export const analyzeCommand = defineCommand({
  command: 'analyze <model>',
  describe: 'Where TF8 loses accuracy, layer by layer and cause by cause, and what to do about it',
  options: (yargs) =>
    yargs
      .positional('model', { type: 'string', demandOption: true, describe: FLOAT_MODEL })
      .option('dataset', DATASET)
      .option('data', DATA)
      .option('limit', LIMIT)
      .option('zero-variance', ZERO_VARIANCE)
      .option('calibration-data', {
        ...CALIBRATION_DATA,
        describe: 'Folder of the data set to calibrate with',
      })
      .option('calibration-images', CALIBRATION_IMAGES)
      .option('accuracy', {
        type: 'boolean',
        default: false,
        describe:
          'Measure accuracy with parts of the network in TF8, too: only weights, only activations, one layer, all but one; takes as long as some dozens of evaluations',
      })
      .option('tier', TIER)
      .option('seed', SEED)
      .option('out', {
        type: 'string',
        requiresArg: true,
        describe: "A file for the JSON, besides the run's folder",
      })
      .option('runs-dir', {
        type: 'string',
        default: 'runs',
        requiresArg: true,
        describe: 'Folder of the records',
      })
      .check(wholeNumbers({ 'calibration-images': 1, limit: 1, seed: SEED_RANGE })),
  examples: [
    ['analyze mobilenet_v1_1.0_224 --data DIR', 'the published network: dead channels'],
    [
      'analyze mobilenet_v1_1.0_224 --data DIR --zero-variance mean',
      'what is left after Option 1 of the paper',
    ],
    ['analyze models/friendly --limit 100 --accuracy', 'accuracy with parts in TF8, too'],
  ],
  run: async (argv, context) => {
    const { analyze } = await import('../jobs/analyze/analyze.ts');
    return analyze(argv, context);
  },
  show: (result) =>
    [
      `${result.model} on ${result.images} images of ${result.dataset}${result.skipped > 0 ? `; ${result.skipped} could not be read` : ''}: signal to quantization noise in dB`,
      '',
      layersTable(result.layers),
      '',
      ...accuracyLines(result),
      ...diagnosisLines(result.diagnosis),
      '',
      `calibrated on ${result.calibrationImages} images, zero variance: ${result.zeroVariance}; ${result.kernelTier} kernels; logits of ${result.effectImages} images with one part in TF8`,
      `recorded in ${result.run}; "tf8 report ${result.run}" shows it`,
    ].join('\n'),
});

function layersTable(layers: readonly LayerAnalysis[]): string {
  return markdownTable(
    [
      'layer',
      'local',
      'cumulative',
      'input',
      'weights',
      'saturation',
      'requantization',
      'ReLU6',
      'logits: weights',
      'logits: output',
      'dead',
    ],
    layers.map(({ name, localSqnrDb, cumulativeSqnrDb, causes, logits, deadChannels }) => [
      name,
      ...[
        localSqnrDb,
        cumulativeSqnrDb,
        causes.inputQuantization,
        causes.weightQuantization,
        causes.saturation,
        causes.activationRequantization,
        causes.relu6Clipping,
        logits.onlyWeights,
        logits.onlyOutput,
      ].map(decibels),
      deadChannels === 0 ? '–' : String(deadChannels),
    ]),
    1,
  );
}

/** "–" where nothing is lost. */
function decibels(db: number): string {
  if (db === Infinity) return '–';
  return db === -Infinity ? 'no signal' : db.toFixed(1);
}

function accuracyLines({ accuracy }: AnalyzeResult): string[] {
  if (accuracy === undefined) return [];
  const { float, tf8, onlyWeights, onlyActivations, layers } = accuracy;
  const rows = [
    ['float', float],
    ['TF8', tf8],
    ['only weights in TF8', onlyWeights],
    ['only activations in TF8', onlyActivations],
  ] as const;
  return [
    markdownTable(
      ['network', 'top-1 %', 'top-5 %'],
      rows.map(([name, { top1, top5 }]) => [name, top1.toFixed(1), top5.toFixed(1)]),
      1,
    ),
    '',
    markdownTable(
      ['layer', 'only this in TF8, top-1 %', 'all but this, top-1 %'],
      layers.map(({ layer, onlyThis, allButThis }) => [
        layer,
        onlyThis.top1.toFixed(1),
        allButThis.top1.toFixed(1),
      ]),
      1,
    ),
    '',
  ];
}

function diagnosisLines(diagnosis: readonly Finding[]): string[] {
  if (diagnosis.length === 0) return ['Diagnosis: healthy; no layer costs the logits much.'];
  return [
    'Diagnosis, the costliest first:',
    '',
    // Findings of one cause stand together and share their remedy.
    ...diagnosis.flatMap(({ layer, cause, explanation, remedy }, index) => [
      `- ${layer} (${cause}): ${explanation}`,
      ...(diagnosis[index + 1]?.cause === cause ? [] : [`  What to do: ${remedy}`, '']),
    ]),
  ].slice(0, -1);
}
