import { markdownTable } from './markdown_table.ts';

/** One row of the accuracy table: a network in float and in TF8 on the same images. */
export interface AccuracyRow {
  /** "as published", "standard", "friendly", … */
  readonly network: string;
  readonly dataset: string;
  readonly images: number;
  readonly floatTop1Percent: number;
  readonly tf8Top1Percent: number;
  /** The paper's figures for the same kind of network, on ImageNet's validation set. */
  readonly paper?: { readonly floatTop1Percent?: number; readonly tf8Top1Percent: number };
}

const HEADER = [
  'network',
  'data',
  'images',
  'float',
  'TF8',
  'loss',
  'paper: float',
  'paper: TF8',
] as const;

const CAPTION =
  'Top-1 in percent. The paper’s columns (arXiv 1803.08607) are for the ImageNet validation set, whatever data the row was measured on.';

/** The rows as a Markdown table with its caption; both also read well in a terminal. */
export function accuracyTable(rows: readonly AccuracyRow[]): string {
  const table = markdownTable(
    HEADER,
    rows.map((row) => [
      row.network,
      row.dataset,
      String(row.images),
      row.floatTop1Percent.toFixed(1),
      row.tf8Top1Percent.toFixed(1),
      (row.floatTop1Percent - row.tf8Top1Percent).toFixed(1),
      row.paper?.floatTop1Percent?.toFixed(2) ?? '–',
      row.paper?.tf8Top1Percent.toFixed(2) ?? '–',
    ]),
    2,
  );
  return `${table}\n\n${CAPTION}`;
}
