import { readdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { processorName } from '../../foundation/processes/processor.ts';
import { repositoryRoot } from '../../foundation/repository.ts';
import { publishedRuns, wasShared } from '../records/published_runs.ts';
import { type PublishedTable, readRun, readTiming } from '../records/run_record.ts';
import { inWords } from './cost_report.ts';
import type { OpenTable } from './open_table.ts';

/** A table that was made, here or elsewhere, with what each row took. */
type TimedTable = Pick<PublishedTable, 'environment' | 'rows' | 'timing'>;

/**
 * The plan of a table and what it will take, from what equal rows took: on this machine where `runsDir`
 * holds such a table, else on the machine of a published record, one of this machine's kind if there is one.
 * Nothing is measured for it.
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
  const processorHere = await processorName();
  const here = await madeHere(name, runsDir, processorHere);
  const candidates = [...here, ...(await publishedFirstOf(name, processorHere))];
  const known = candidates.find((made) => secondsOf(table, made, toMake) !== undefined);
  const seconds = known && secondsOf(table, known, toMake);
  if (known === undefined || seconds === undefined) {
    return `${plan}\nNo equal table has been made yet: nothing tells how long it takes.`;
  }
  const { processor, threads } = known.environment;
  const total = `${plan}\nEstimated total: about ${inWords(seconds)}`;
  if (here.includes(known)) return `${total}, as it took here before.`;
  const shared = wasShared(known) ? ', beside other programs' : '';
  return `${total}, as on ${processor} with ${threads} threads${shared}; this machine is ${processorHere} with ${availableParallelism()}.`;
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

/** The tables of that name that this machine has made. */
async function madeHere(
  name: string,
  runsDir: string,
  processorHere: string,
): Promise<readonly TimedTable[]> {
  const names = await readdir(runsDir).catch(() => []);
  const made: TimedTable[] = [];
  for (const run of names.filter((one) => one.startsWith(`${name}-`)).sort()) {
    const dir = join(runsDir, run);
    try {
      const [record, timing] = [await readRun(dir), await readTiming(dir)];
      if (record.environment.processor === processorHere) made.push({ ...record, timing });
    } catch {
      // Begun, or damaged: it tells nothing.
    }
  }
  return made;
}

/** The records that the checkout publishes, those of such a processor first; a package has none. */
async function publishedFirstOf(
  name: string,
  processorHere: string,
): Promise<readonly TimedTable[]> {
  const tables = await publishedRuns(join(repositoryRoot(), 'bench', 'results'), name);
  const isOfKind = ({ environment }: TimedTable) => environment.processor === processorHere;
  return [...tables.filter(isOfKind), ...tables.filter((table) => !isOfKind(table))];
}
