import { formatSeconds } from '../../foundation/reporting/amounts.ts';
import { DEFAULT_ROUNDING } from '../../quantize/params/roundings.ts';
import { tenth } from '../charts/format.ts';
import type { ComparedRow } from './comparison_record.ts';
import { lossOf } from './interval.ts';
import { markdownTable } from './markdown_table.ts';
import { mean } from './statistics.ts';

const HEADER = [
  'recipe',
  'calibrated on',
  'top-1 %',
  'top-5 %',
  'loss, 95 %',
  'agreement %',
  'SQNR dB',
  'time',
] as const;

const UNKNOWN = '–';

/** The titles of the columns; that of profiles is there where rows have such. */
export function comparisonHeader(rows: readonly ComparedRow[]): readonly string[] {
  const [recipe, ...figures] = HEADER;
  return hasProfiles(rows) ? [recipe, 'profile', ...figures] : HEADER;
}

function hasProfiles(rows: readonly ComparedRow[]): boolean {
  return rows.some(({ profile }) => profile !== undefined);
}

/** The rows as a Markdown table with its caption; both also read well in a terminal. */
export function comparisonTable(
  rows: readonly ComparedRow[],
  quantizingSeconds: readonly number[],
): string {
  const cells = comparisonCells(rows, quantizingSeconds);
  const words = hasProfiles(rows) ? 2 : 1;
  return `${markdownTable(comparisonHeader(rows), cells, words)}\n\n${comparisonCaption(rows)}`;
}

/** One line a row, with a cell for each title of `comparisonHeader`. */
export function comparisonCells(
  rows: readonly ComparedRow[],
  quantizingSeconds: readonly number[],
): string[][] {
  const withProfile = hasProfiles(rows);
  return rows.map((row, index) => {
    const [recipe, ...figures] = cellsOf(row, quantizingSeconds[index]);
    return withProfile ? [recipe, row.profile ?? UNKNOWN, ...figures] : [recipe, ...figures];
  });
}

function cellsOf(row: ComparedRow, seconds: number): string[] {
  const { recipe, calibrationImages, spread } = row;
  return [
    recipe,
    calibrationImages === undefined ? UNKNOWN : String(calibrationImages),
    measured(row.top1, spread?.top1),
    measured(row.top5, spread?.top5),
    calibrationImages === undefined ? UNKNOWN : measured(meanLoss(row), row.interval.loss),
    measured(row.agreement, spread?.agreement),
    measured(row.sqnrDb, spread?.sqnrDb),
    calibrationImages === undefined ? UNKNOWN : formatSeconds(seconds),
  ];
}

/** Points of top-1 that float is better by, on the same images: the mean over the subsets. */
export function meanLoss({ perSubset }: Pick<ComparedRow, 'perSubset'>): number | null {
  const losses = perSubset.map(lossOf).filter((loss) => loss !== null);
  return losses.length === 0 ? null : mean(losses);
}

function measured(value: number | null, spread: number | null | undefined): string {
  if (value === null) return UNKNOWN;
  if (value === Infinity) return 'lossless';
  if (value === -Infinity) return 'no signal';
  const text = tenth(value);
  return spread === undefined || spread === null ? text : `${text} ± ${tenth(spread)}`;
}

/** What the figures are, whatever the table looks like. */
export function comparisonCaption(rows: readonly ComparedRow[]): string {
  const [float] = rows;
  const subsets = Math.max(...rows.map(({ perSubset }) => perSubset.length));
  return [
    `${float.images} images. Agreement: the same first class as the float network. SQNR: of the outputs, mean over the images. Time: of quantizing.`,
    ...(subsets > 1
      ? [`Mean ± sample standard deviation over ${subsets} disjoint subsets of calibration images.`]
      : []),
    ...(float.top1 === null
      ? []
      : ['Loss: points of top-1 that float is better by, with its 95 % interval.']),
    ...(hasProfiles(rows)
      ? [
          `Profile: how accumulators are rounded to bytes; ${DEFAULT_ROUNDING} is the default, LiteRT's.`,
        ]
      : []),
    ...(rows.some(({ profile }) => profile === 'power-of-two')
      ? ['With power-of-two the scales are powers of two as well.']
      : []),
  ].join(' ');
}

/** The rows as CSV; every figure and every knob of a recipe is a column. */
export function comparisonCsv(
  rows: readonly ComparedRow[],
  quantizingSeconds: readonly number[],
): string {
  const flat = rows.map((row, index) => columnsOf(row, quantizingSeconds[index]));
  const names = [...new Set(flat.flatMap((columns) => [...columns.keys()]))];
  const lines = flat.map((columns) => names.map((name) => columns.get(name) ?? ''));
  return `${[names, ...lines].map((cells) => cells.map(quoted).join(',')).join('\n')}\n`;
}

function columnsOf(
  { recipe, profile, knobs, perSubset, spread, ...figures }: ComparedRow,
  seconds: number,
): ReadonlyMap<string, string> {
  const { name: _, ...choices } = knobs ?? { name: '' };
  return new Map([
    ['recipe', recipe],
    ...flattened({ profile }, ''),
    ...flattened({ ...figures, subsets: perSubset.length, spread, seconds }, ''),
    ...flattened(choices, ''),
  ]);
}

/** Values by their paths, such as "weights.rounding.refit". */
function flattened(value: unknown, path: string): [string, string][] {
  if (value === undefined || value === null) return [];
  if (typeof value !== 'object') {
    return [[path, value === Infinity ? 'lossless' : String(value)]];
  }
  return Object.entries(value).flatMap(([name, part]) =>
    flattened(part, path === '' ? name : `${path}.${name}`),
  );
}

/** RFC 4180. */
function quoted(cell: string): string {
  return /[",\n\r]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
