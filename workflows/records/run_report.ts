import type { AccuracyRow } from './accuracy_row.ts';
import { accuracyTable, timeOf } from './accuracy_table.ts';
import { markdownTable } from './markdown_table.ts';
import type { RowTiming, RunRecord, RunTiming } from './run_record.ts';

/** What people read of a run: the accuracy table, how its rows were made, the notes, the command. */
export function runReport(record: RunRecord, { rows: timing }: RunTiming): string {
  const { rows, notes, command, kernelTier, environment } = record;
  const { processor, threads, backend, commit } = environment;
  const measured = `\`${command}\`: ${kernelTier} kernels, ${processor}, ${threads} threads, ${backend}, commit ${commit.slice(0, 10)}.`;
  return [
    accuracyTable(rows, timing),
    '',
    rowsTable(rows, timing),
    '',
    ...notes.map((note) => `- ${note}`),
    ...(notes.length > 0 ? [''] : []),
    measured,
  ].join('\n');
}

/** The rows of a run that goes on. */
export function partialReport(
  rows: readonly AccuracyRow[],
  timing: Readonly<Record<string, RowTiming>>,
  planned: number,
): string {
  return [
    `${rows.length} of ${planned} rows so far: the same command goes on from here.`,
    '',
    accuracyTable(rows, timing),
    '',
    rowsTable(rows, timing),
  ].join('\n');
}

/** How the rows were made, how long that took, and where the networks' own records lie. */
function rowsTable(
  rows: readonly AccuracyRow[],
  timing: Readonly<Record<string, RowTiming>>,
): string {
  return markdownTable(
    ['network', 'recipe', 'record', 'training', 'measuring'],
    rows.map(({ row, network, recipe, perSeed }) => [
      network,
      recipe,
      [...new Set(perSeed.map(({ record }) => record))].join(', '),
      timeOf(timing[row]?.trainingSeconds),
      timeOf(timing[row]?.measuringSeconds),
    ]),
    3,
  );
}
