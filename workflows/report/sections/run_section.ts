import { formatSeconds } from '../../../foundation/reporting/amounts.ts';
import { definitions, tableBox } from '../elements.ts';
import { type Html, html } from '../html.ts';
import type { ReportParts, RunDescription } from '../report_parts.ts';
import type { Section } from '../section.ts';

/** What repeats the run, and what it was made with. */
export function runSection({ run, table }: ReportParts): Section {
  const { command, notes, configuration } = run;
  return {
    id: 'run',
    title: 'What was run',
    figures: [],
    body: () => html`<pre tabindex="0"><code>${command}</code></pre>
${definitions(machine(run))}
${table ? rowsTable(table.rows, run) : undefined}
${hashes(run)}
${notes.length > 0 ? html`<ul>${notes.map((note) => html`<li>${note}</li>`)}</ul>` : undefined}
<details><summary>Configuration</summary><pre tabindex="0"><code>${JSON.stringify(configuration, null, 2)}</code></pre></details>`,
  };
}

function machine({ environment, kernelTier, timing }: RunDescription): [string, string][] {
  const { tf8, commit, node, backend, processor, threads } = environment;
  return [
    ['tf8', `${tf8}, commit ${commit.slice(0, 10)}${commit.endsWith('+') ? ' with changes' : ''}`],
    ['kernels', kernelTier],
    ['float backend', backend],
    ['Node', node],
    ['processor', `${processor}, ${threads} threads`],
    ...(timing ? ([['time', formatSeconds(timing.seconds)]] as [string, string][]) : []),
  ];
}

function rowsTable(
  rows: NonNullable<ReportParts['table']>['rows'],
  { timing }: RunDescription,
): Html {
  const time = (seconds: number | undefined) =>
    seconds === undefined ? '–' : formatSeconds(seconds);
  return tableBox(
    {
      header: ['network', 'training', 'measuring', 'recipe'],
      rows: rows.map(({ row, network, recipe }) => [
        network,
        time(timing?.rows[row]?.trainingSeconds),
        time(timing?.rows[row]?.measuringSeconds),
        recipe,
      ]),
    },
    { numericFrom: Number.POSITIVE_INFINITY, caption: 'How the networks were made' },
  );
}

function hashes({ data, weights }: RunDescription): Html {
  const rows = [
    ...Object.entries(data).map(([use, { dataset, sha256, images }]) => [
      `data: ${dataset}`,
      use === dataset ? '' : use,
      images === undefined ? '' : String(images),
      sha256,
    ]),
    ...Object.entries(weights).map(([name, sha256]) => [`weights: ${name}`, '', '', sha256]),
  ];
  return html`<details><summary>Data and weights with their hashes</summary>${tableBox(
    { header: ['what', 'used for', 'images', 'SHA-256'], rows },
    { numericFrom: Number.POSITIVE_INFINITY },
  )}</details>`;
}
