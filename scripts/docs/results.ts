import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../foundation/files/atomic_file.ts';
import { sha256OfBytes } from '../../foundation/hashes/sha256.ts';
import { ELSEWHERE } from '../../workflows/records/published_runs.ts';
import { type PublishedTable, readRun, readTiming } from '../../workflows/records/run_record.ts';
import { runReport } from '../../workflows/records/run_report.ts';

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
 * Publishes the record of a run beside the table that pages show: what it took on another machine, or
 * with other seeds, and what came out. One machine and its seeds have one file.
 * @returns the file's path in `results`
 * @throws UserError where there is no whole record in `dir`
 */
export async function publishElsewhere(dir: string, results: string): Promise<string> {
  const [record, timing] = [await readRun(dir), await readTiming(dir)];
  const { processor, threads } = record.environment;
  const { seeds } = record.configuration;
  const kind = sha256OfBytes(JSON.stringify([processor, threads, seeds])).slice(0, 8);
  const path = join(ELSEWHERE, `${record.name}-${kind}.json`);
  const table: PublishedTable = { ...record, timing };
  await writeFileAtomic(join(results, path), `${JSON.stringify(table, null, 2)}\n`);
  return path;
}

/** The tables in `results` by their names, such as "executor-avx2". */
export async function publishedTables(results: string): Promise<ReadonlyMap<string, string>> {
  const tables = new Map<string, string>();
  for (const name of (await readdir(results)).sort()) {
    if (!name.endsWith('.md')) continue;
    const text = await readFile(join(results, name), 'utf8');
    tables.set(name.slice(0, -'.md'.length), text.trimEnd());
  }
  return tables;
}
