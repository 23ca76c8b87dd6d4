import { formatSeconds } from '../../foundation/reporting/amounts.ts';
import { type AccuracyRow, AS_PUBLISHED_WAY } from './accuracy_row.ts';
import { markdownTable } from './markdown_table.ts';
import type { RowTiming } from './run_record.ts';

const PAPER_HEADER = [
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

const WAYS_HEADER = [
  'network',
  'way',
  'data',
  'images',
  'seeds',
  'float',
  'TF8',
  'loss',
  'below float',
  'learnt from',
] as const;

const UNKNOWN = '–';

/** A table as its titles and its cells, row by row. */
export interface AccuracyColumns {
  readonly header: readonly string[];
  readonly cells: readonly (readonly string[])[];
  /** Columns before this one are text. */
  readonly numericFrom: number;
}

/** What took how long, by the rows' names. */
export type RowTimings = Readonly<Record<string, RowTiming>>;

/**
 * The rows' figures beside the paper's; of a table of ways beside what each learns from.
 * @param timing of the rows, for what each way takes
 */
export function accuracyColumns(
  rows: readonly AccuracyRow[],
  timing?: RowTimings,
): AccuracyColumns {
  if (!rows.some(({ way }) => way !== undefined)) {
    return { header: PAPER_HEADER, cells: rows.map(paperCells), numericFrom: 2 };
  }
  const took = ({ row }: AccuracyRow) => timeOf(timing?.[row]?.trainingSeconds);
  return {
    header: [...WAYS_HEADER, ...(timing ? ['training'] : [])],
    cells: rows.map((row) => [...wayCells(row, rows), ...(timing ? [took(row)] : [])]),
    numericFrom: 3,
  };
}

/** The rows as a Markdown table with its caption; both also read well in a terminal. */
export function accuracyTable(rows: readonly AccuracyRow[], timing?: RowTimings): string {
  const { header, cells, numericFrom } = accuracyColumns(rows, timing);
  return `${markdownTable(header, cells, numericFrom)}\n\n${accuracyCaption(rows)}`;
}

function paperCells(row: AccuracyRow): string[] {
  const { floatTop1Percent, tf8Top1Percent } = row.paper ?? {};
  return [
    row.network,
    ...measuredCells(row),
    published(floatTop1Percent),
    published(tf8Top1Percent),
    published(difference(floatTop1Percent, tf8Top1Percent)),
  ];
}

function wayCells(row: AccuracyRow, rows: readonly AccuracyRow[]): string[] {
  const { network, name, trainingImages } = row.way ?? { network: row.network, name: UNKNOWN };
  const below = difference(floatOf(row, rows), row.tf8Top1Percent);
  return [
    network,
    name,
    ...measuredCells(row),
    below === undefined ? UNKNOWN : measured(below, undefined),
    trainingImages === undefined ? UNKNOWN : String(trainingImages),
  ];
}

/** Of the float network that all ways start from. */
function floatOf(row: AccuracyRow, rows: readonly AccuracyRow[]): number | undefined {
  return rows.find(
    ({ way, dataset }) =>
      way?.network === row.way?.network &&
      way?.name === AS_PUBLISHED_WAY &&
      dataset === row.dataset,
  )?.floatTop1Percent;
}

function measuredCells(row: AccuracyRow): string[] {
  return [
    row.dataset,
    String(row.images),
    String(row.perSeed.length),
    measured(row.floatTop1Percent, row.spread?.floatTop1Percent),
    measured(row.tf8Top1Percent, row.spread?.tf8Top1Percent),
    measured(row.lossPoints, row.spread?.lossPoints),
  ];
}

/** "2:50", or a dash. */
export function timeOf(seconds: number | undefined): string {
  return seconds === undefined ? UNKNOWN : formatSeconds(seconds);
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
  if (rows.some(({ way }) => way !== undefined)) return `${unit} ${WAYS_CAPTION}`;
  return `${unit} The paper’s columns (arXiv 1803.08607) are for the ImageNet validation set, whatever data the row was measured on.`;
}

const WAYS_CAPTION =
  'Loss: of a row’s own float network; a quantization-aware one has that of the network it starts from. Below float: how far TF8 stays below the float accuracy of the network as published. Images learnt from, and times of all seeds, are what a way adds to what it starts from: the network as published, and for the last way the friendly one.';
