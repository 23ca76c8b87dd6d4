import { join } from 'node:path';
import { writeFileAtomic } from '../../foundation/files/atomic_file.ts';
import { chartSvg } from '../../workflows/charts/chart.ts';
import { latencyChart, layersChart } from './charts.ts';
import { type ExecutorRecord, NETWORK } from './record.ts';
import type { RoundingsRecord } from './roundings_record.ts';
import { roundingsTable } from './roundings_table.ts';
import { executorTables, layerTables } from './tables.ts';

/**
 * The files of a record, by name: `executor-<kind>.json` with the processor's kind, its tables and the
 * charts; of another network than the first `executor-<network>-<kind>`, without layers and charts. The
 * same record gives the same bytes.
 */
export async function recordFiles(record: ExecutorRecord): Promise<ReadonlyMap<string, string>> {
  const { kind, network } = record;
  const isFirst = network === NETWORK;
  const name = isFirst ? `executor-${kind}` : `executor-${network}-${kind}`;
  const files = new Map([
    [`${name}.json`, `${JSON.stringify(record, null, 2)}\n`],
    [`${name}.md`, `${executorTables(record)}\n`],
  ]);
  if (!isFirst) return files;
  files.set(`executor-layers-${kind}.md`, `${layerTables(record)}\n`);
  for (const chart of [latencyChart(record), layersChart(record)]) {
    if (chart !== undefined) files.set(`${chart.name}-${kind}.svg`, await chartSvg(chart));
  }
  return files;
}

/** The files of a record of the profiles of rounding, by name: `roundings-<kind>.json` and its table. */
export function roundingsFiles(record: RoundingsRecord): ReadonlyMap<string, string> {
  const { kind, network } = record;
  const name = network === NETWORK ? `roundings-${kind}` : `roundings-${network}-${kind}`;
  return new Map([
    [`${name}.json`, `${JSON.stringify(record, null, 2)}\n`],
    [`${name}.md`, `${roundingsTable(record)}\n`],
  ]);
}

/** Writes files of a record into `folder`; those of other kinds of processors stay. */
export async function writeRecord(
  folder: string,
  files: ReadonlyMap<string, string>,
): Promise<void> {
  for (const [name, text] of files) await writeFileAtomic(join(folder, name), text);
}
