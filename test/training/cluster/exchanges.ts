/**
 * Run by `exchanging_workers.ts`, once for each worker: exchanges until it fails, and says why. Its argument is an
 * `ExchangeRun` in JSON. It prints a line when it has joined and for each exchange, and at its end what the error says.
 */
import { once } from 'node:events';
import { messageOf } from '../../../foundation/errors.ts';
import { selectTrainingBackend } from '../../../training/backend.ts';
import { Cluster } from '../../../training/cluster/cluster.ts';
import { ClusterError } from '../../../training/cluster/cluster_error.ts';
import type { ClusterPlace } from '../../../training/cluster/place.ts';

export interface ExchangeRun {
  readonly place: ClusterPlace;
  readonly timeoutSeconds: number;
  /** After so many exchanges it computes something else, for ever. */
  readonly busyAfter?: number;
  /** After so many exchanges it waits for SIGUSR2. */
  readonly waitsAfter?: number;
}

const {
  place,
  timeoutSeconds,
  busyAfter = Infinity,
  waitsAfter,
}: ExchangeRun = JSON.parse(process.argv[2]);
const told = once(process, 'SIGUSR2');
await selectTrainingBackend();
const signal = new AbortController().signal;
const cluster = await Cluster.join(place, { timeoutSeconds, threads: 1, signal });
process.stdout.write('joined\n');

try {
  for (let round = 1; ; round++) {
    if (round > busyAfter) await new Promise((resolve) => setInterval(resolve, 2 ** 30));
    if (round - 1 === waitsAfter) {
      const kept = setInterval(() => undefined, 2 ** 30);
      await told;
      clearInterval(kept);
    }
    await cluster.exchange(`round ${round}`, new Float32Array(1000).fill(1));
    process.stdout.write(`round ${round}\n`);
  }
} catch (error) {
  const kind = error instanceof ClusterError ? 'lost' : 'fault';
  process.stdout.write(`${kind}: ${messageOf(error)}\n`, () => process.exit(1));
}
