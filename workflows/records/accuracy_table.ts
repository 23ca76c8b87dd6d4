import type { AccuracyRow } from './accuracy_row.ts';
import { markdownTable } from './markdown_table.ts';

export const ACCURACY_HEADER = [
  'network',
  'data',
  'images',
  'seeds',
  'float',
  'TF8',
  'loss',
  'paper: float',
  'paper: TF8',
  'paper: loss',
] as const;

const UNKNOWN = '–';

/** The rows as a Markdown table with its caption; both also read well in a terminal. */
export function accuracyTable(rows: readonly AccuracyRow[]): string {
  const table = markdownTable(ACCURACY_HEADER, rows.map(accuracyCells), 2);
  return `${table}\n\n${accuracyCaption(rows)}`;
}

/** One cell for each title of `ACCURACY_HEADER`. */
export function accuracyCells(row: AccuracyRow): string[] {
  const { floatTop1Percent, tf8Top1Percent } = row.paper ?? {};
  return [
    row.network,
    row.dataset,
    String(row.images),
    String(row.perSeed.length),
    measured(row.floatTop1Percent, row.spread?.floatTop1Percent),
    measured(row.tf8Top1Percent, row.spread?.tf8Top1Percent),
    measured(row.lossPoints, row.spread?.lossPoints),
    published(floatTop1Percent),
    published(tf8Top1Percent),
    published(difference(floatTop1Percent, tf8Top1Percent)),
  ];
}

/** To a tenth. */
function measured(mean: number, spread: number | undefined): string {
  return spread === undefined ? mean.toFixed(1) : `${mean.toFixed(1)} ± ${spread.toFixed(1)}`;
}

/** To a hundredth, as the paper has it. */
function published(value: number | undefined): string {
  return value?.toFixed(2) ?? UNKNOWN;
}

function difference(float: number | undefined, tf8: number | undefined): number | undefined {
  return float === undefined || tf8 === undefined ? undefined : float - tf8;
}

/** What the figures are, whatever the table looks like. */
export function accuracyCaption(rows: readonly AccuracyRow[]): string {
  const isSpread = rows.some(({ spread }) => spread !== undefined);
  const unit = isSpread
    ? 'Top-1 in percent, mean ± sample standard deviation over the seeds.'
    : 'Top-1 in percent.';
  return `${unit} The paper’s columns (arXiv 1803.08607) are for the ImageNet validation set, whatever data the row was measured on.`;
}
