import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterError } from './cluster_error.ts';
import { type ClusterPlace, workerName } from './place.ts';

/** Between two tries of the same worker. */
const RETRY_MS = 200;
/** Of one try: a machine that is not there yet may not answer at all. */
const CONNECT_MS = 5_000;

/**
 * Waits until every worker's server takes connections: machines do not start at one time.
 * @throws ClusterError naming the workers that do not answer in time; the signal's reason when aborted
 */
export async function waitForWorkers(
  place: ClusterPlace,
  timeoutSeconds: number,
  signal: AbortSignal,
): Promise<void> {
  const end = performance.now() + 1000 * timeoutSeconds;
  const missing = await Promise.all(
    place.addresses.map(async (address, rank) => {
      while (!(await answers(address))) {
        signal.throwIfAborted();
        if (performance.now() >= end) return workerName(place, rank);
        await sleep(RETRY_MS, undefined, { signal });
      }
      return undefined;
    }),
  );
  const names = missing.filter((name) => name !== undefined);
  if (names.length === 0) return;
  throw new ClusterError(
    `Expected ${place.addresses.length} workers but ${names.join(' and ')} did not answer within ${timeoutSeconds} s`,
  );
}

function answers(address: string): Promise<boolean> {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(address.slice(colon + 1)) });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(CONNECT_MS, () => end(false));
    socket.on('connect', () => end(true));
    socket.on('error', () => end(false));
  });
}
