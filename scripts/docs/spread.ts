import { tenth } from '../../workflows/charts/format.ts';
import type { AccuracyRow, SeedFigures } from '../../workflows/records/accuracy_row.ts';
import { markdownTable } from '../../workflows/records/markdown_table.ts';
import type { PublishedTable } from '../../workflows/records/run_record.ts';

/** A row of a table, with the figures of every seed on every machine. */
interface SpreadRow {
  readonly network: string;
  readonly made: readonly SeedFigures[];
}

/** How far the TF8 accuracies of a table lie apart, in a sentence; empty where it was made once. */
export function spreadSentence(runs: readonly PublishedTable[]): string {
  const rows = spreadRows(runs);
  if (!isSpread(rows)) return '';
  const apart = rows
    .filter(({ made }) => made.length > 1)
    .map(({ network, made }) => `${fromTo(made, tf8)} % for ${network}`);
  return `Made again (${madeWhere(runs)}) the TF8 figures are ${listed(apart)}. A difference smaller than these says nothing.`;
}

/** How far the figures of a table lie apart, row by row. */
export function spreadTable(runs: readonly PublishedTable[]): string {
  const rows = spreadRows(runs);
  if (!isSpread(rows))
    return 'This table was made once: nothing tells yet how far its figures spread.';
  const table = markdownTable(
    ['network', 'made', 'float', 'TF8', 'loss'],
    rows.map(({ network, made }) => [
      network,
      String(made.length),
      fromTo(made, ({ floatTop1Percent }) => floatTop1Percent),
      fromTo(made, tf8),
      fromTo(made, ({ floatTop1Percent, tf8Top1Percent }) => floatTop1Percent - tf8Top1Percent),
    ]),
    1,
  );
  return `${table}\n\nTop-1 in percent, the least and the greatest figure. Made on: ${madeWhere(runs)}.`;
}

/** The rows of the first, then of the others' those that it lacks. */
function spreadRows(runs: readonly PublishedTable[]): SpreadRow[] {
  const [shown, ...others] = runs;
  const rows = [...(shown?.rows ?? [])];
  for (const row of others.flatMap((run) => run.rows)) {
    if (!rows.some((known) => known.row === row.row)) rows.push(row);
  }
  return rows.map((row) => ({
    network: row.network,
    made: runs.flatMap((run) =>
      run.rows.filter((other) => isMadeAlike(other, row)).flatMap(({ perSeed }) => perSeed),
    ),
  }));
}

/** A preset may have been changed for a run: with fewer epochs, on fewer images. */
function isMadeAlike(a: AccuracyRow, b: AccuracyRow): boolean {
  return a.row === b.row && a.recipe === b.recipe && a.images === b.images;
}

/** The runs that made the same rows as the first, in the same way: their times are those of one table. */
export function madeAlike(runs: readonly PublishedTable[]): readonly PublishedTable[] {
  const [shown] = runs;
  if (shown === undefined) return [];
  return runs.filter(
    ({ rows }) =>
      rows.length === shown.rows.length &&
      rows.every(
        (row, at) =>
          isMadeAlike(row, shown.rows[at]!) &&
          row.perSeed.length === shown.rows[at]!.perSeed.length,
      ),
  );
}

function isSpread(rows: readonly SpreadRow[]): boolean {
  return rows.some(({ made }) => made.length > 1);
}

function tf8({ tf8Top1Percent }: SeedFigures): number {
  return tf8Top1Percent;
}

function fromTo(made: readonly SeedFigures[], figure: (one: SeedFigures) => number): string {
  const [least, greatest] = [Math.min(...made.map(figure)), Math.max(...made.map(figure))];
  const ends = [...new Set([tenth(least), tenth(greatest)])];
  return ends.join(' … ');
}

function madeWhere(runs: readonly PublishedTable[]): string {
  return runs
    .map(({ environment: { processor, threads }, rows }) => {
      const seeds = [...new Set(rows.flatMap(({ perSeed }) => perSeed.map(({ seed }) => seed)))];
      return `${processor}, ${threads} threads, ${seeds.length === 1 ? 'seed' : 'seeds'} ${seeds.join(', ')}`;
    })
    .join('; ');
}

/** "a", "a and b", "a, b and c" */
export function listed(texts: readonly string[]): string {
  const last = texts.at(-1) ?? '';
  return texts.length < 2 ? last : `${texts.slice(0, -1).join(', ')} and ${last}`;
}
