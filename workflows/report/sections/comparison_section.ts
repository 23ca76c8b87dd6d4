import {
  COMPARISON_HEADER,
  comparisonCaption,
  comparisonCells,
} from '../../records/comparison_table.ts';
import { tableBox } from '../elements.ts';
import { html } from '../html.ts';
import type { ComparisonPart } from '../report_parts.ts';
import type { Section } from '../section.ts';

/** Recipes of quantization side by side. */
export function comparisonSection({ rows, quantizingSeconds }: ComparisonPart): Section {
  const cells = rows.map((row, index) => comparisonCells(row, quantizingSeconds[index]));
  return {
    id: 'comparison',
    title: 'Recipes of quantization side by side',
    figures: [],
    body: () => html`${tableBox({ header: COMPARISON_HEADER, rows: cells }, { caption: 'Recipes' })}
<p class="note">${comparisonCaption(rows)}</p>`,
  };
}
