import { markdownTable } from './markdown_table.ts';

/** One row of the accuracy table: a network in float and in TF8 on the same images. */
export interface AccuracyRow {
  /** "as published", "standard", "friendly", … */
  readonly network: string;
  readonly dataset: string;
  readonly images: number;
  /** Top-1 in percent. */
  readonly float: number;
  readonly tf8: number;
  /** The paper's figures for the same kind of network, on ImageNet's validation set. */
  readonly paper?: { readonly float?: number; readonly tf8: number };
}

const HEADER = [
  'network',
  'data',
  'images',
  'float',
  'TF8',
  'loss',
  'paper: float',
  'TF8',
] as const;

/** The rows as a Markdown table that also reads well in a terminal; top-1 in percent. */
export function accuracyTable(rows: readonly AccuracyRow[]): string {
  return markdownTable(
    HEADER,
    rows.map((row) => [
      row.network,
      row.dataset,
      String(row.images),
      row.float.toFixed(1),
      row.tf8.toFixed(1),
      (row.float - row.tf8).toFixed(1),
      row.paper?.float?.toFixed(2) ?? '–',
      row.paper?.tf8.toFixed(2) ?? '–',
    ]),
    2,
  );
}
