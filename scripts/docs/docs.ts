import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chartSvg } from '../../workflows/charts/chart.ts';
import { pageFigures } from './page_figures.ts';
import { readRecords } from './records.ts';
import { fillTemplate } from './template.ts';

const PAGE = 'why-mobilenets-collapse.md';

/**
 * The pages in docs/ with their charts, by path from the repository's root: made from
 * docs/templates and the records in bench/results. The same files give the same bytes.
 * @throws UserError where a record is damaged, or a template names a figure that is not there
 */
export async function makeDocs(root: string): Promise<ReadonlyMap<string, string>> {
  const template = await readFile(join(root, 'docs', 'templates', PAGE), 'utf8');
  const { sources, charts } = pageFigures(await readRecords(join(root, 'bench', 'results')));
  const files = new Map([
    [
      `docs/${PAGE}`,
      `<!-- Made by "npm run docs" from docs/templates/${PAGE} and bench/results: edit those. -->\n\n${fillTemplate(template, sources)}`,
    ],
  ]);
  for (const chart of charts) files.set(`docs/figures/${chart.name}.svg`, await chartSvg(chart));
  return files;
}
