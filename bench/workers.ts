/**
 * What several workers cost: the sum of a step, by vectors as long as the gradients of a MobileNetV1 of
 * width 1 and of 0.25; steps by workers beside those of one process; and the input. All in processor time,
 * which other programs change little. `npm run bench:workers -- --help` lists the options.
 */
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf, UserError } from '../foundation/errors.ts';
import { lastLines, runCommand } from '../foundation/processes/run_command.ts';
import { sourceHooks } from '../foundation/processes/source_hooks.ts';
import { selectBackend } from '../training/backend.ts';
import { Cluster } from '../training/cluster/cluster.ts';
import type { ClusterPlace } from '../training/cluster/place.ts';
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

Prints as JSON what the sum of a step, the step and the input cost the workers of a training on this machine.

  --workers 2   processes
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
async function launch(workers: number): Promise<Measured[]> {
  const ports = await Promise.all(Array.from({ length: workers }, freePort));
  const addresses = ports.map((port) => `127.0.0.1:${port}`);
  const ends = await Promise.all(
    addresses.map((_, rank) =>
      runCommand(process.execPath, [
        ...sourceHooks(import.meta.url),
        fileURLToPath(import.meta.url),
        JSON.stringify({ addresses, rank }),
      ]),
    ),
  );
  const failed = ends.find(({ exitCode }) => exitCode !== 0);
  if (failed !== undefined) {
    throw new UserError(`Expected ${workers} workers but: ${lastLines(failed.output)}`);
  }
  return ends.map(({ stdout }) => JSON.parse(stdout));
}

/** One of the processes. */
async function work(words: string): Promise<void> {
  const signal = new AbortController().signal;
  const place: ClusterPlace = JSON.parse(words);
  const exchanges: Exchange[] = [];
  if (place.addresses.length === 1) {
    console.log(JSON.stringify({ exchanges, stepMs: await stepCost() }));
    return;
  }
  await selectBackend();
  const cluster = await Cluster.join(place, { threads: 1, signal });
  for (const network of NETWORKS) exchanges.push(await exchange(cluster, network));
  console.log(JSON.stringify({ exchanges, stepMs: await stepCost(cluster) }));
}

const [place] = process.argv.slice(2);
if (place?.startsWith('{')) {
  const status = await work(place).then(
    () => 0,
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
        record: { type: 'boolean' },
        help: { type: 'boolean' },
      },
      HELP,
    ),
  async measure(values) {
    const workers = countFrom('--workers', values.workers);
    const [alone] = await launch(1);
    const together = await launch(workers);
    return workersRecordSchema.parse({
      date: new Date().toISOString().slice(0, 10),
      environment: await environment(await selectBackend()),
      workers,
      exchanges: together[0].exchanges,
      step: {
        ...STEP,
        aloneMs: alone.stepMs,
        togetherMs: Number(together.reduce((sum, { stepMs }) => sum + stepMs, 0).toFixed(1)),
      },
      input: await inputCosts(),
    });
  },
});
