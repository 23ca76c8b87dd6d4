import {
  comparisonCaption,
  comparisonCells,
  comparisonHeader,
} from '../../records/comparison_table.ts';
import { tableBox } from '../elements.ts';
import { calibrationFigure } from '../figures/calibration_figure.ts';
import { html } from '../html.ts';
import type { ComparisonPart } from '../report_parts.ts';
import type { Section } from '../section.ts';

/** Recipes of quantization side by side. */
export function comparisonSection({ rows, quantizingSeconds }: ComparisonPart): Section {
  const curve = calibrationFigure(rows);
  const cells = comparisonCells(rows, quantizingSeconds);
  const header = comparisonHeader(rows);
  return {
    id: 'comparison',
    title: 'Recipes of quantization side by side',
    figures: curve === undefined ? [] : [curve],
    body: (drawn) => html`${tableBox({ header, rows: cells }, { caption: 'Recipes' })}
<p class="note">${comparisonCaption(rows)}</p>
${drawn}`,
  };
}
