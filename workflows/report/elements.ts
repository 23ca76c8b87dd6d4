import { colour } from '../charts/style.ts';
import type { Figure, FigureTable, KeyEntry } from './figure.ts';
import { Html, html } from './html.ts';

/** A table in a box of its own, which scrolls where the window is narrower than it. */
export function tableBox(
  { header, rows }: FigureTable,
  { numericFrom = 1, caption }: { numericFrom?: number; caption?: string } = {},
): Html {
  const kind = (column: number) => (column >= numericFrom ? ' class="number"' : '');
  const cells = (row: readonly string[]) =>
    row.map((cell, column) =>
      column === 0
        ? html`<th scope="row">${cell}</th>`
        : html`<td${new Html(kind(column))}>${cell}</td>`,
    );
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption ?? header.join(', ')}"><table>
<thead><tr>${header.map((title, column) => html`<th scope="col"${new Html(kind(column))}>${title}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${cells(row)}</tr>`)}</tbody>
</table></div>`;
}

/**
 * A figure: the plot as drawn on the way here, which the page's script draws again so that it answers
 * to the pointer, its text alternative, and its figures as a table.
 * @param svg of `inlineSvg`
 */
export function figureElement(figure: Figure, svg: string): Html {
  const { name, title, description, key, table } = figure;
  return html`<figure id="figure-${name}">
<figcaption>${title}</figcaption>
${keyElement(key)}
<div class="plot" role="img" aria-label="${title}. ${description}" data-plot="${name}">${new Html(svg)}</div>
${fineprint(table, name)}
</figure>`;
}

/** The figures as a table, and the files of the plot beside the page. */
function fineprint(table: FigureTable | undefined, file: string): Html {
  return html`<div class="fineprint">${table ? html`<details><summary>Figures as a table</summary>${tableBox(table)}</details>` : undefined}
<span>${fileLinks(file)}</span></div>`;
}

/** What colours and shapes stand for, in lines that wrap. */
export function keyElement(key: readonly KeyEntry[]): Html {
  return html`<ul class="key">${key.map(
    ({ label, colour: name, shape }) =>
      html`<li><svg viewBox="-6 -6 12 12" aria-hidden="true"><path d="${SHAPES[shape]}" fill="${shape === 'ring' ? 'none' : colour(name)}" stroke="${colour(name)}" stroke-width="1.5"/></svg>${label}</li>`,
  )}</ul>`;
}

const SHAPES: Readonly<Record<KeyEntry['shape'], string>> = {
  circle: 'M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z',
  ring: 'M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z',
  square: 'M-4 -4h8v8h-8z',
  diamond: 'M0 -5L5 0L0 5L-5 0z',
  triangle: 'M0 -4.5L5 4H-5z',
};

export function fileLinks(file: string): Html {
  return html`<a href="figures/${file}.svg">SVG</a> <a href="figures/${file}.png">PNG</a>`;
}

/** Name and value, one below the other. */
export function definitions(entries: readonly (readonly [name: string, value: string])[]): Html {
  return html`<dl>${entries.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}
