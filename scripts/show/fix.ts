import type { FixDiagnosis, FixResult } from '../../workflows/fix/fix.ts';
import { CAUSE_NAMES, isLoss } from '../../workflows/records/cause_names.ts';
import { markdownTable } from '../../workflows/records/markdown_table.ts';
import { inShell } from '../wording.ts';
import { imageCount, wrapped } from './lines.ts';

/** What was tried, and the losses by layer and cause before and after. */
export function shownFix(result: FixResult): string {
  const { model, before, steps, after, images, calibrationImages, kernelTier } = result;
  const unable = steps.filter(({ reason }) => reason !== undefined);
  const losses = lossRows(before, after);
  return [
    `${model}, calibrated on ${imageCount(calibrationImages)}, judged on ${images}; ${kernelTier} kernels`,
    '',
    markdownTable(
      ['remedy', 'kept', 'SQNR dB', 'agreement %'],
      [
        ['as published', 'yes', decibels(before.sqnrDb), percent(before.agreement)],
        ...steps.map(({ remedy, kept, sqnrDb, agreement }) => [
          remedy,
          kept ? 'yes' : 'no',
          decibels(sqnrDb),
          percent(agreement),
        ]),
      ],
      2,
    ),
    ...unable.flatMap(({ remedy, reason }) => wrapped(`- ${remedy}: ${reason}`)),
    '',
    ...(losses.length === 0
      ? ['No layer stands out, before or after.']
      : [
          'Noise on the outputs by layer and cause, in % of their energy:',
          '',
          markdownTable(['layer', 'cause', 'before', 'after'], losses, 2),
        ]),
    '',
    `before: ${decibels(before.sqnrDb)} dB, ${percent(before.agreement)} % as in float`,
    `after:  ${decibels(after.sqnrDb)} dB, ${percent(after.agreement)} % as in float`,
    `${result.out}, and its recipe ${result.recipe}`,
    `next: tf8 evaluate ${inShell(result.out)} --data DIR`,
  ].join('\n');
}

/** [layer, cause, before, after] of every loss that stood out at one of the two times. */
function lossRows(before: FixDiagnosis, after: FixDiagnosis): string[][] {
  const costs = ({ diagnosis }: FixDiagnosis) =>
    new Map(
      diagnosis
        .filter(isLoss)
        .map((finding) => [`${finding.layer} ${finding.cause}`, finding] as const),
    );
  const [was, is] = [costs(before), costs(after)];
  return [...new Map([...was, ...is])].map(([key, { layer, cause }]) => [
    layer,
    CAUSE_NAMES[cause],
    share(was.get(key)?.cost.layer),
    share(is.get(key)?.cost.layer),
  ]);
}

function share(noise: number | undefined): string {
  return noise === undefined ? '–' : (100 * noise).toFixed(2);
}

function decibels(db: number | null): string {
  if (db === null || db === Infinity) return '–';
  return db === -Infinity ? 'no signal' : db.toFixed(1).replace('-', '−');
}

function percent(value: number | null): string {
  return value === null ? '–' : value.toFixed(1);
}
