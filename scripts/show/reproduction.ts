import { formatSeconds } from '../../foundation/reporting/amounts.ts';
import type { AccuracyRow } from '../../workflows/records/accuracy_row.ts';
import {
  accuracyCaption,
  accuracyColumns,
  type RowTimings,
} from '../../workflows/records/accuracy_table.ts';
import { markdownTable } from '../../workflows/records/markdown_table.ts';
import type { RowTiming, RunTiming } from '../../workflows/records/run_record.ts';
import type { ReportedResult } from '../../workflows/reproduce/reproduce.ts';

/** Columns that say nothing where they are the same in every row. */
const COMMON = ['data', 'images', 'seeds'];

/** A table of the paper as a person reads it on 80 columns; `table.md` has all of it. */
export function showReproduction(
  { record, dir, report }: Omit<ReportedResult, 'table'>,
  timing: RunTiming,
): string {
  const { rows, notes } = record;
  return [
    '',
    ...accuracyLines(rows, timing.rows),
    '',
    ...rows.map((row) => madeLine(row, timing.rows[row.row])),
    '',
    ...notes.map((note) => `- ${note}`),
    '',
    `The record is in ${dir}`,
    ...(report === undefined ? [] : [`The report is ${report}`]),
  ].join('\n');
}

function accuracyLines(rows: readonly AccuracyRow[], timing: RowTimings): string[] {
  const { header, cells, numericFrom } = accuracyColumns(rows, timing);
  const texts = header.slice(0, numericFrom);
  const isCommon = (title: string, column: number) =>
    COMMON.includes(title) && cells.every((row) => row[column] === cells[0][column]);
  const shown = header
    .map((title, column) => ({ title, column }))
    .filter(({ title, column }) => !isCommon(title, column));
  const common = header.flatMap((title, column) =>
    isCommon(title, column) && cells.length > 0 ? [`${title} ${cells[0][column]}`] : [],
  );
  const table = markdownTable(
    shown.map(({ title }) => title),
    cells.map((row) => shown.map(({ column }) => row[column])),
    shown.filter(({ title }) => texts.includes(title)).length,
  );
  return [
    table,
    '',
    ...(common.length > 0 ? [`Of all rows: ${common.join(', ')}.`] : []),
    accuracyCaption(rows),
  ];
}

/** "friendly: published weights, finetune at 96 × 96, …; trained in 1:44, measured in 1:10" */
function madeLine({ network, recipe }: AccuracyRow, timing: RowTiming | undefined): string {
  const { trainingSeconds, measuringSeconds } = timing ?? {};
  const times = [
    ...(trainingSeconds === undefined ? [] : [`trained in ${formatSeconds(trainingSeconds)}`]),
    ...(measuringSeconds === undefined ? [] : [`measured in ${formatSeconds(measuringSeconds)}`]),
  ];
  return `- ${network}: ${[recipe, times.join(', ')].filter(Boolean).join('; ')}`;
}
