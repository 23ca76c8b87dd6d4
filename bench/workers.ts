/**
 * What the sum of a step costs: processes of this machine exchange vectors as long as the gradients of a
 * MobileNetV1 of width 1 and of 0.25. Prints a line of JSON for each.
 *
 *   npm run bench:workers [-- WORKERS]
 */
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../foundation/errors.ts';
import { lastLines, runCommand } from '../foundation/processes/run_command.ts';
import { sourceHooks } from '../foundation/processes/source_hooks.ts';
import { Cluster } from '../training/cluster/cluster.ts';

/** Trained weights of a MobileNetV1 of width 1 and of width 0.25, with 1,000 classes. */
const LENGTHS = [4_231_976, 470_072];
const WARM_UP = 3;
const ROUNDS = 20;

interface Figures {
  readonly floats: number;
  readonly workers: number;
  /** Of the fastest exchange: what else the machine does only slows it. */
  readonly leastMs: number;
  /** Of one process, user and system, an exchange. */
  readonly processorMs: number;
}

async function measure(cluster: Cluster, floats: number): Promise<Figures> {
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
    floats,
    workers: cluster.workers,
    leastMs: Math.round(leastMs),
    processorMs: Math.round((user + system) / 1000 / ROUNDS),
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

async function launch(workers: number): Promise<string> {
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
  if (failed !== undefined) throw new Error(lastLines(failed.output));
  return ends[0].stdout;
}

const [given = '2'] = process.argv.slice(2);
try {
  if (given.startsWith('{')) {
    const signal = new AbortController().signal;
    const cluster = await Cluster.join(JSON.parse(given), { threads: 1, signal });
    for (const floats of LENGTHS) console.log(JSON.stringify(await measure(cluster, floats)));
    process.exit(0);
  }
  process.stdout.write(await launch(Number(given)));
} catch (error) {
  console.error(messageOf(error));
  process.exitCode = 1;
}
