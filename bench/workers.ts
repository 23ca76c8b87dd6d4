/**
 * What several workers cost: the sum of a step, by vectors as long as the gradients of a MobileNetV1 of
 * width 1 and of 0.25; steps by workers beside those of one process; and the input. All in processor time,
 * which other programs change little. `npm run bench:workers -- --help` lists the options.
 */
import { createServer } from 'node:net';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf, UserError } from '../foundation/errors.ts';
import { lastLines, runCommand } from '../foundation/processes/run_command.ts';
import { sourceHooks } from '../foundation/processes/source_hooks.ts';
import { selectBackend } from '../training/backend.ts';
import { Cluster } from '../training/cluster/cluster.ts';
import type { ClusterPlace } from '../training/cluster/place.ts';
import { requireDeterministicOps } from '../training/tensorflow_environment.ts';
import { environment } from '../workflows/records/environment.ts';
import { type WorkersRecord, workersRecordSchema } from '../workflows/records/workers_record.ts';
import { countFrom, runRecordedBench, valuesOf } from './run_bench.ts';
import { inputCosts } from './workers/input_costs.ts';
import { STEP, stepCost } from './workers/step_costs.ts';

const RESULT = join(import.meta.dirname, 'results', 'workers.json');
/** Trained weights, with 1,000 classes. */
const NETWORKS = [
  { network: 'MobileNetV1 of width 1', floats: 4_231_976 },
  { network: 'MobileNetV1 of width 0.25', floats: 470_072 },
];
const WARM_UP = 3;
const ROUNDS = 20;

const HELP = `Usage: npm run bench:workers [-- OPTIONS]

Prints as JSON what the sum of a step, the step and the input cost the workers of a training on this machine:
in processor time, the least of several rounds, so that other programs change little.

  --workers 2   processes
  --rounds 3    of one process, one with --deterministic, and all workers, by turns
  --record      stores the figures as bench/results/workers.json, for "npm run docs"
`;

type Exchange = WorkersRecord['exchanges'][number];

async function exchange(
  cluster: Cluster,
  { network, floats }: (typeof NETWORKS)[number],
): Promise<Exchange> {
  const vector = new Float32Array(floats).fill(0.5);
  let leastMs = Infinity;
  let before = process.cpuUsage();
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    if (round === WARM_UP) before = process.cpuUsage();
    const start = performance.now();
    await cluster.exchange('a round', vector);
    if (round >= WARM_UP) leastMs = Math.min(leastMs, performance.now() - start);
  }
  const { user, system } = process.cpuUsage(before);
  return {
    network,
    floats,
    leastMs: Number(leastMs.toFixed(1)),
    processorMs: Number(((user + system) / 1000 / ROUNDS).toFixed(1)),
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** What a process of this bench has measured. */
interface Measured {
  readonly exchanges: readonly Exchange[];
  readonly stepMs: number;
}

/** What each of the processes measured; of one that is alone without exchanges. */
async function launch(workers: number, deterministic = false): Promise<Measured[]> {
  const ports = await Promise.all(Array.from({ length: workers }, freePort));
  const addresses = ports.map((port) => `127.0.0.1:${port}`);
  const ends = await Promise.all(
    addresses.map((_, rank) =>
      runCommand(process.execPath, [
        ...sourceHooks(import.meta.url),
        fileURLToPath(import.meta.url),
        JSON.stringify({ place: { addresses, rank }, deterministic }),
      ]),
    ),
  );
  const failed = ends.find(({ exitCode }) => exitCode !== 0);
  if (failed !== undefined) {
    throw new UserError(`Expected ${workers} workers but: ${lastLines(failed.output)}`);
  }
  return ends.map(({ stdout }) => JSON.parse(stdout));
}

/** What a process of this bench is told. */
interface Task {
  readonly place: ClusterPlace;
  readonly deterministic: boolean;
}

/** One of the processes. */
async function work({ place, deterministic }: Task): Promise<Measured> {
  if (deterministic) requireDeterministicOps();
  if (place.addresses.length === 1) return { exchanges: [], stepMs: await stepCost() };
  await selectBackend();
  const signal = new AbortController().signal;
  const cluster = await Cluster.join(place, { threads: 1, signal });
  const exchanges: Exchange[] = [];
  for (const network of NETWORKS) exchanges.push(await exchange(cluster, network));
  return { exchanges, stepMs: await stepCost(cluster) };
}

/** The sums of a step that cost least, and what all processes took for a step. */
function leastOf(rounds: readonly (readonly Measured[])[]): Measured {
  const least = (values: readonly number[]) => Math.min(...values);
  const firsts = rounds.map(([first]) => first.exchanges);
  return {
    exchanges: firsts[0].map((exchange, n) => ({
      ...exchange,
      leastMs: least(firsts.map((exchanges) => exchanges[n].leastMs)),
      processorMs: least(firsts.map((exchanges) => exchanges[n].processorMs)),
    })),
    stepMs: Number(
      least(rounds.map((ends) => ends.reduce((sum, { stepMs }) => sum + stepMs, 0))).toFixed(1),
    ),
  };
}

const [task] = process.argv.slice(2);
if (task?.startsWith('{')) {
  const status = await work(JSON.parse(task)).then(
    (measured) => {
      console.log(JSON.stringify(measured));
      return 0;
    },
    (error) => {
      console.error(messageOf(error));
      return 1;
    },
  );
  // The server's threads would keep the process.
  process.exit(status);
}
await runRecordedBench({
  help: HELP,
  result: RESULT,
  parse: () =>
    valuesOf(
      {
        workers: { type: 'string', default: '2' },
        rounds: { type: 'string', default: '3' },
        record: { type: 'boolean' },
        help: { type: 'boolean' },
      },
      HELP,
    ),
  async measure(values) {
    const workers = countFrom('--workers', values.workers);
    const rounds = countFrom('--rounds', values.rounds);
    const load = Number(loadavg()[0]!.toFixed(1));
    const [alone, deterministic, together]: Measured[][][] = [[], [], []];
    for (let round = 0; round < rounds; round++) {
      alone.push(await launch(1));
      deterministic.push(await launch(1, true));
      together.push(await launch(workers));
    }
    const { exchanges, stepMs: togetherMs } = leastOf(together);
    return workersRecordSchema.parse({
      date: new Date().toISOString().slice(0, 10),
      environment: await environment(await selectBackend()),
      workers,
      load,
      exchanges,
      step: {
        ...STEP,
        rounds,
        aloneMs: leastOf(alone).stepMs,
        deterministicMs: leastOf(deterministic).stepMs,
        togetherMs,
      },
      input: await inputCosts(),
    });
  },
});
