import { loadavg } from 'node:os';
import { join } from 'node:path';
import { RearchitectError } from '../../architectures/rearchitect/errors.ts';
import { messageOf } from '../../foundation/errors.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { QuantizationError } from '../../quantize/params/errors.ts';
import { DivergenceError } from '../../training/loop/divergence.ts';
import { type AccuracyRow, accuracyRow, type SeedFigures } from '../records/accuracy_row.ts';
import { environment } from '../records/environment.ts';
import {
  type RowTiming,
  type RunRecord,
  runId,
  startRun,
  writePartialTable,
  writeRun,
} from '../records/run_record.ts';
import { partialReport, runReport } from '../records/run_report.ts';
import { readParts } from '../report/read_parts.ts';
import { writeReport } from '../report/write_report.ts';
import { analyzeCostliest } from './analyze_costliest.ts';
import { type CostEstimate, estimateCost } from './cost.ts';
import { costReport } from './cost_report.ts';
import type { Workers } from './elsewhere.ts';
import { planInWords } from './known_time.ts';
import type { MeasuredNetwork } from './measure_network.ts';
import type { NetworkPlan, RowPlan } from './network_plan.ts';
import type { StoredNetwork } from './network_store.ts';
import { type OpenTable, openTable, type ReproduceOptions } from './open_table.ts';

export interface ReproduceResult {
  readonly dir: string;
  /** What people read: the tables and the notes. */
  readonly table: string;
  readonly record: RunRecord;
}

export interface ReportedResult extends ReproduceResult {
  /** The HTML file; absent where it could not be written. */
  readonly report?: string;
}

/**
 * The paper's table, or one of ways to 8 bits, measured: every row's network is trained (or found, where an earlier table has
 * trained it), quantized and measured in float and in TF8. Writes `run.json`, `timing.json` and, after
 * each row, `table.md` into `<runsDir>/<id>`; at the end an analysis of the network that loses most,
 * `report.html` and its figures. What was interrupted goes on when it is called again.
 * @param options with `announce`, says first what the table will cost: by trials, or with its plan by what
 *   equal tables took
 * @throws UserError before anything is loaded where `runsDir` cannot be written; what training and
 *   evaluation throw. A training that diverges, a network that cannot be rebuilt and one that TF8 cannot
 *   hold throw nothing: their seeds are left out with a note
 */
export async function reproduce(
  options: ReproduceOptions & { readonly announce?: 'plan' | 'cost' },
  context: Context,
): Promise<ReportedResult> {
  const { runsDir, announce } = options;
  try {
    const table = await openTable(options, context);
    if (announce === 'cost') context.reporter.info(costReport(await estimateCost(table, context)));
    if (announce === 'plan') {
      context.reporter.info(await planInWords(table, tableName(table), runsDir));
    }
    const result = await makeTable(table, options);
    const report = await reportOf(table, result, context);
    return { ...result, ...(report !== undefined && { report }) };
  } catch (error) {
    if (context.signal.aborted) {
      context.reporter.info(
        `What is trained and measured so far is kept in ${runsDir}: the same command goes on from there.`,
      );
    }
    throw error;
  }
}

/** The table is whole without its report: what goes wrong with that is a warning, and costs nothing else. */
async function reportOf(
  table: OpenTable,
  { dir, record }: ReproduceResult,
  context: Context,
): Promise<string | undefined> {
  await attempt('the report has no analysis', context, () =>
    analyzeCostliest(table, record.rows, dir),
  );
  const written = await attempt('the report could not be written', context, async () =>
    writeReport(await readParts(dir), dir, context),
  );
  return written?.report;
}

/** What `work` gives; undefined where it fails, of which the reporter is warned, unless it was aborted. */
async function attempt<Result>(
  failure: string,
  { reporter, signal }: Context,
  work: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await work();
  } catch (error) {
    if (signal.aborted) throw error;
    reporter.warn(`${failure}: ${messageOf(error)}`);
    return undefined;
  }
}

/** Makes the rows of a table that is open, and its record. */
export function makeTable(table: OpenTable, options: ReproduceOptions): Promise<ReproduceResult> {
  return new Reproduction(table, options).run();
}

/**
 * What the table will cost, without making it: times from short trials.
 * @param asked other machines that it is to tell of
 * @throws UserError where `runsDir` cannot be written or the data cannot be opened
 */
export async function estimateTable(
  options: ReproduceOptions,
  context: Context,
  asked?: Workers,
): Promise<CostEstimate> {
  return estimateCost(await openTable(options, context), context, asked);
}

class Reproduction {
  private readonly table: OpenTable;
  private readonly command: string;
  private readonly name: string;
  private readonly configuration: RunRecord['configuration'];
  private readonly dir: string;
  private readonly started = performance.now();
  private readonly rows: AccuracyRow[] = [];
  private readonly timing: Record<string, RowTiming> = {};
  private readonly made: Record<string, unknown> = {};
  private readonly notes: Set<string>;
  /** Networks whose time an earlier row tells. */
  private readonly told = new Set<NetworkPlan>();
  private kernelTier = '';

  constructor(table: OpenTable, options: ReproduceOptions) {
    this.table = table;
    this.command = options.command ?? 'a program that calls reproduce';
    const { preset, seeds, data, quantization } = table;
    this.name = tableName(table);
    const { published, imagenetLimit } = options;
    this.configuration = asJson({
      preset,
      seeds,
      published,
      recipe: quantization,
      imagenetLimit,
    });
    this.dir = join(options.runsDir, runId(this.name, { ...this.configuration, data }));
    this.notes = new Set(table.notes);
  }

  async run(): Promise<ReproduceResult> {
    await startRun(this.dir);
    for (const plan of this.table.rows) {
      await this.addRow(plan);
      const partial = partialReport(this.rows, this.timing, this.table.rows.length);
      await writePartialTable(this.dir, partial);
    }
    return this.finish();
  }

  private async addRow(plan: RowPlan): Promise<void> {
    const perSeed: SeedFigures[] = [];
    for (const { seed, plan: network } of plan.networks) {
      const figures = await this.figuresOf(plan, network, seed);
      if (figures !== undefined) perSeed.push(figures);
    }
    if (perSeed.length === 0) return;
    const { data } = this.table.measuring(plan, perSeed[0].seed);
    this.rows.push(accuracyRow({ ...plan, dataset: data.identity.dataset }, perSeed));
  }

  /** @returns undefined where the network is to blame: it diverged, or cannot be rebuilt or quantized */
  private async figuresOf(
    row: RowPlan,
    plan: NetworkPlan,
    seed: number,
  ): Promise<SeedFigures | undefined> {
    const { networks, measurements, measuring } = this.table;
    try {
      const network = await networks.provide(plan);
      const how = measuring(row, seed);
      const label = `${row.network}, seed ${seed}`;
      const measured = await measurements.measure(network, how, label);
      this.note(measured, how.data.identity.dataset);
      this.tell(row, plan, network, measured);
      return {
        seed,
        images: measured.float.images,
        floatTop1Percent: measured.float.top1,
        tf8Top1Percent: measured.tf8.top1,
        weightsSha256: network.tf8?.sha256 ?? network.card.weightsSha256,
        record: network.record,
      };
    } catch (error) {
      if (!isOfNetwork(error)) throw error;
      this.notes.add(`${row.network}, seed ${seed}, is left out: ${error.message}.`);
      return undefined;
    }
  }

  private note({ float, tf8 }: MeasuredNetwork, dataset: string): void {
    if (tf8.overlap) {
      this.notes.add(`Some images of ${dataset} are calibrated with and measured.`);
    }
    if (float.skipped > 0) {
      const all = float.skipped + float.images;
      this.notes.add(`${float.skipped} of ${all} ${dataset} images could not be read.`);
    }
    this.kernelTier = tf8.tier;
  }

  /** Adds what a network took to its row, unless an earlier row has the same network. */
  private tell(
    { row }: RowPlan,
    plan: NetworkPlan,
    { made, record }: StoredNetwork,
    { seconds }: MeasuredNetwork,
  ): void {
    const { measuringSeconds = 0, ...before } = this.timing[row] ?? {};
    const isTold = this.told.has(plan);
    this.told.add(plan);
    // That of a quantization-aware network is the one that it starts from.
    const hasOwnFloat = !isTold && plan.kind !== 'quantization-aware';
    this.timing[row] = {
      ...before,
      ...(made && !isTold && { trainingSeconds: (before.trainingSeconds ?? 0) + made.seconds }),
      measuringSeconds: measuringSeconds + seconds.tf8 + (hasOwnFloat ? seconds.float : 0),
    };
    if (made === undefined) return;
    const { seconds: _, ...withoutTime } = made;
    this.made[record] = withoutTime;
  }

  private async finish(): Promise<ReproduceResult> {
    const { backend, data } = this.table;
    const record: RunRecord = {
      name: this.name,
      command: this.command,
      configuration: this.configuration,
      environment: await environment(backend),
      data,
      kernelTier: this.kernelTier,
      rows: this.rows,
      networks: asJson(this.made),
      notes: [...this.notes],
    };
    const seconds = (performance.now() - this.started) / 1000;
    const timing = { seconds, load: loadavg()[2]!, rows: this.timing };
    const table = runReport(record, timing);
    await writeRun(this.dir, record, timing, table);
    return { dir: this.dir, table, record };
  }
}

/** "reproduce-cifar10-quick", "reproduce-ways-cifar10-quick", "reproduce-mobilenet-v2-cifar10-quick" */
function tableName({ preset }: OpenTable): string {
  const { dataset, name, families, network } = preset;
  const which = families === undefined ? network?.replaceAll('_', '-') : 'ways';
  return ['reproduce', which, dataset, name].filter((part) => part !== undefined).join('-');
}

/** Whether one network is to blame, so that the rest of the table can go on. */
function isOfNetwork(error: unknown): error is Error {
  return (
    error instanceof DivergenceError ||
    error instanceof RearchitectError ||
    error instanceof QuantizationError
  );
}

function asJson(value: object): RunRecord['configuration'] {
  return JSON.parse(JSON.stringify(value)) as RunRecord['configuration'];
}
