import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../../foundation/repository.ts';
import {
  type PublishedTable,
  publishedTableSchema,
  readPart,
  readRun,
  readTiming,
} from '../records/run_record.ts';
import { inWords } from './cost_report.ts';
import type { OpenTable } from './open_table.ts';

/** A table that was made, here or elsewhere, with what each row took. */
type TimedTable = Pick<PublishedTable, 'environment' | 'rows' | 'timing'>;

/**
 * The plan of a table and what it will take, from what equal rows took: on this machine where `runsDir`
 * holds such a table, else on the machine of the published record. Nothing is measured for it.
 * @param name of the table, such as "reproduce-fashion-mnist-quick"
 */
export async function planInWords(
  table: OpenTable,
  name: string,
  runsDir: string,
): Promise<string> {
  const toMake = new Set<string>();
  for (const { row, networks } of table.rows) {
    for (const { plan } of networks) {
      if ((await table.networks.find(plan)) === undefined) toMake.add(row);
    }
  }
  const plan = [
    `Plan: ${table.rows.length} rows.`,
    ...table.rows.map(({ network, recipe }) => `  - ${network}: ${recipe}`),
  ].join('\n');
  if (toMake.size === 0) return `${plan}\nTheir networks are there from an earlier run.`;
  const here = await madeHere(name, runsDir);
  const known = here ?? (await publishedTable(name));
  const seconds = known && secondsOf(table, known, toMake);
  if (known === undefined || seconds === undefined) {
    return `${plan}\nNo equal table has been made yet: nothing tells how long it takes.`;
  }
  const { processor, threads } = known.environment;
  const total = `${plan}\nEstimated total: about ${inWords(seconds)}`;
  return here === undefined
    ? `${total}, as on ${processor} with ${threads} threads; this machine is ${processorHere()} with ${availableParallelism()}, and a slower one takes longer.`
    : `${total}, as it took here before.`;
}

/** undefined where a row was made otherwise, or by fewer seeds. */
function secondsOf(
  table: OpenTable,
  { rows, timing }: TimedTable,
  toMake: ReadonlySet<string>,
): number | undefined {
  let seconds = 0;
  for (const { row, recipe, networks } of table.rows) {
    if (!toMake.has(row)) continue;
    const made = rows.find((known) => known.row === row && known.recipe === recipe);
    const took = timing.rows[row];
    if (made === undefined || took === undefined) return undefined;
    const all = (took.trainingSeconds ?? 0) + took.measuringSeconds;
    seconds += (all * networks.length) / made.perSeed.length;
  }
  return seconds;
}

/** The table of that name that this machine has made. */
async function madeHere(name: string, runsDir: string): Promise<TimedTable | undefined> {
  const names = await readdir(runsDir).catch(() => []);
  for (const run of names.filter((one) => one.startsWith(`${name}-`)).sort()) {
    const dir = join(runsDir, run);
    try {
      const [record, timing] = [await readRun(dir), await readTiming(dir)];
      if (record.environment.processor === processorHere()) return { ...record, timing };
    } catch {
      // Begun, or damaged: it tells nothing.
    }
  }
  return undefined;
}

/** The record that the checkout publishes; a package has none. */
async function publishedTable(name: string): Promise<TimedTable | undefined> {
  const path = join(repositoryRoot(), 'bench', 'results', `${name}.json`);
  return existsSync(path) ? readPart(path, publishedTableSchema) : undefined;
}

function processorHere(): string {
  return cpus()[0]?.model.trim() ?? 'unknown';
}
