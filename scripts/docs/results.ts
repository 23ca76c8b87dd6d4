import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../foundation/files/atomic_file.ts';
import { type PublishedTable, readRun, readTiming } from '../../workflows/records/run_record.ts';
import { runReport } from '../../workflows/records/run_report.ts';
import { withParts } from './readme_table.ts';

/**
 * Publishes the table of a run: `<name>.json` (record and timing) and `<name>.md` in `results`.
 * @returns the table's name
 * @throws UserError where there is no whole record in `dir`
 */
export async function publishTable(dir: string, results: string): Promise<string> {
  const [record, timing] = [await readRun(dir), await readTiming(dir)];
  const table: PublishedTable = { ...record, timing };
  await writeFileAtomic(
    join(results, `${record.name}.json`),
    `${JSON.stringify(table, null, 2)}\n`,
  );
  await writeFileAtomic(join(results, `${record.name}.md`), `${runReport(record, timing)}\n`);
  return record.name;
}

/**
 * Puts the tables in `results` between the marks of their names in a page.
 * @throws UserError where a mark has no table
 */
export async function updatePage(path: string, results: string): Promise<void> {
  const page = await readFile(path, 'utf8');
  const names = (await readdir(results)).filter((name) => name.endsWith('.md')).sort();
  const parts = new Map<string, string>();
  for (const name of names) {
    parts.set(
      name.slice(0, -'.md'.length),
      (await readFile(join(results, name), 'utf8')).trimEnd(),
    );
  }
  await writeFileAtomic(path, withParts(page, parts));
}
