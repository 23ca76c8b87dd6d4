import type { Measured } from '../../workflows/evaluate/evaluation.ts';
import type {
  EvaluateResult,
  EvaluationRecord,
} from '../../workflows/evaluate/evaluation_record.ts';
import { kernelsName } from '../../workflows/open/kernels_used.ts';
import { howQuantized } from '../../workflows/quantize/conversion.ts';
import { markdownTable } from '../../workflows/records/markdown_table.ts';
import { imageCount } from './lines.ts';

/** An evaluation as a person reads it; with the times where they are known. */
export function showEvaluation(result: EvaluationRecord | EvaluateResult): string {
  return [
    `${result.model} on ${result.images} images of ${result.dataset}${result.skipped > 0 ? `; ${result.skipped} could not be read` : ''}`,
    ...(result.tf8 || result.float
      ? ['', markdownTable(['precision', 'top-1 %', 'top-5 %'], accuracyRows(result), 1)]
      : []),
    ...outputLines(result),
    ...(isTimed(result) ? beforeLines(result) : []),
    ...calibrationLines(result),
    ...(isTimed(result) && (result.tf8 || result.float) ? ['', timeTable(result)] : []),
  ].join('\n');
}

function isTimed(result: EvaluationRecord | EvaluateResult): result is EvaluateResult {
  return [result.float, result.tf8].every((figures) => figures === undefined || 'time' in figures);
}

function accuracyRows({ float, tf8 }: EvaluationRecord): string[][] {
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
function outputLines({ outputs, outputImages }: EvaluationRecord): string[] {
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

function calibrationLines({ calibration }: EvaluationRecord): string[] {
  if (calibration === undefined) return [];
  const { images } = calibration;
  const how = howQuantized(calibration);
  if (calibration.source === 'file') {
    return ['', `calibrated on ${imageCount(images)} when the file was made, ${how}`];
  }
  const handled = Object.values(calibration.zeroVarianceChannels);
  const channels = handled.reduce((a, b) => a + b, 0);
  return [
    '',
    `calibrated on ${imageCount(images)}${calibration.overlap ? ', some of them evaluated' : ''}, ${how}`,
    ...(handled.length === 0
      ? []
      : [
          `${channels} ${channels === 1 ? 'channel' : 'channels'} of zero variance in ${handled.length} ${handled.length === 1 ? 'layer' : 'layers'} got the mean variance of the others`,
        ]),
  ];
}
