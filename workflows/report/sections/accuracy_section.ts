import { tenth } from '../../charts/format.ts';
import type { AccuracyRow } from '../../records/accuracy_row.ts';
import { accuracyCaption, accuracyColumns } from '../../records/accuracy_table.ts';
import { tableBox } from '../elements.ts';
import { accuracyFigure } from '../figures/accuracy_figure.ts';
import { html } from '../html.ts';
import type { Section } from '../section.ts';

/** The table of accuracies, with the paper's figures beside ours. */
export function accuracySection(rows: readonly AccuracyRow[]): Section {
  const { header, cells, numericFrom } = accuracyColumns(rows);
  return {
    id: 'accuracy',
    title: 'Accuracy in float and in TF8',
    figures: [accuracyFigure(rows)],
    body: (drawn) => html`<p>The shorter the line between float and TF8, the less is lost.</p>
${drawn}
${tableBox({ header, rows: cells }, { numericFrom, caption: 'Accuracy' })}
<p class="note">${accuracyCaption(rows)}</p>`,
  };
}

/** The first and the last word on a table: who loses most, who least. */
export function accuracyHeadline(rows: readonly AccuracyRow[]): string | undefined {
  if (rows.length === 0) return undefined;
  const [most, least] = [1, -1].map((sign) =>
    rows.reduce((a, b) => (sign * b.lossPoints > sign * a.lossPoints ? b : a)),
  );
  const points = ({ lossPoints }: AccuracyRow) => `${tenth(lossPoints)} points of top-1`;
  return most === least
    ? `In 8 bits ${most.network} loses ${points(most)}.`
    : `In 8 bits ${most.network} loses most, ${points(most)}, and ${least.network} least, ${tenth(least.lossPoints)}.`;
}
