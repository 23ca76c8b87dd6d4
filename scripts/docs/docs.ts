import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chartSvg } from '../../workflows/charts/chart.ts';
import { importDirections } from './directions.ts';
import { kindParts } from './kind_parts.ts';
import { markedParts, withParts } from './marked_parts.ts';
import { pageFigures } from './page_figures.ts';
import { recipeParts } from './recipe_parts.ts';
import { recordParts } from './record_parts.ts';
import { type PageRecords, readRecords } from './records.ts';
import { publishedTables } from './results.ts';
import { fillTemplate } from './template.ts';

const TEMPLATES = 'docs/templates';
const EXPLANATION = 'why-mobilenets-collapse.md';

/**
 * What the records in bench/results make, by path from the repository's root: the pages of
 * docs/templates with their charts, and README.md and the pages of docs/ with their marked parts. The
 * same files give the same bytes.
 * @throws UserError where a record is damaged, or a page names a figure that is not there
 */
export async function makeDocs(root: string): Promise<ReadonlyMap<string, string>> {
  const results = join(root, 'bench', 'results');
  const records = await readRecords(results);
  const tables = await publishedTables(results);
  const parts = new Map([
    ...tables,
    ...kindParts(tables),
    ...recordParts(records),
    ...recipeParts(records.recipes),
    ['directions', importDirections(root)] as const,
  ]);
  return new Map([
    ...(await explanation(root, records)),
    ...(await markedPages(root, parts, [`docs/${EXPLANATION}`])),
  ]);
}

async function explanation(
  root: string,
  records: PageRecords,
): Promise<ReadonlyMap<string, string>> {
  const template = await readFile(join(root, TEMPLATES, EXPLANATION), 'utf8');
  const { sources, charts } = pageFigures(records);
  const files = new Map([
    [
      `docs/${EXPLANATION}`,
      `<!-- Made by "npm run docs" from ${TEMPLATES}/${EXPLANATION} and bench/results: edit those. -->\n\n${fillTemplate(template, sources)}`,
    ],
  ]);
  for (const chart of charts) files.set(`docs/figures/${chart.name}.svg`, await chartSvg(chart));
  return files;
}

/** The pages that have marks, with their parts; those `made` otherwise are left out. */
async function markedPages(
  root: string,
  parts: ReadonlyMap<string, string>,
  made: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const names = (await readdir(join(root, 'docs'))).filter((name) => name.endsWith('.md')).sort();
  const pages = new Map<string, string>();
  for (const path of ['README.md', ...names.map((name) => `docs/${name}`)]) {
    if (made.includes(path)) continue;
    const page = await readFile(join(root, path), 'utf8');
    if (markedParts(page).size > 0) pages.set(path, withParts(page, parts));
  }
  return pages;
}
