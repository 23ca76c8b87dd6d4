import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../../foundation/errors.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { type Reporter, SILENT_REPORTER } from '../../foundation/reporting/reporter.ts';
import { clusterAddonFile } from '../../training/cluster/addon.ts';
import { environmentOf, visibleGpus } from '../../training/cluster/visible_gpus.ts';
import { LaunchedWorker, type WorkerEnd } from './launched_worker.ts';
import type { TrainJobResult } from './train.ts';
import { RESTARTS } from './train_defaults.ts';
import type { TrainModelOptions } from './train_model_options.ts';
import type { WorkerFailure } from './worker_messages.ts';

export interface LaunchOptions {
  /** Processes. */
  readonly workers: number;
  /** How often all are started again after one was lost; RESTARTS unless given. */
  readonly restarts?: number | undefined;
  /** Is told the processes of each start. */
  readonly onStart?: ((pids: readonly number[]) => void) | undefined;
}

/** What is left to the other workers after one has failed: to store the last step, and to say why. */
const GRACE_MS = 5_000;

/**
 * Trains by several processes on this machine. When one is lost, all are ended and started again from
 * the newest checkpoint. After Ctrl-C all stop after the same step, and worker 0 stores it.
 * @throws UserError with a worker's own error, and where workers are lost too often
 */
export async function launchWorkers(
  options: TrainModelOptions,
  launch: LaunchOptions,
  context: Context,
): Promise<TrainJobResult> {
  clusterAddonFile(); // Before any process is started in vain.
  const { restarts = RESTARTS } = launch;
  for (let restart = 0; ; restart++) {
    const resume = options.resume || restart > 0;
    const end = await runWorkers({ ...options, resume }, launch, context);
    if ('result' in end) return end.result;
    const { rank, failure } = end;
    const what = `Worker ${rank} failed: ${failure.message}`;
    if (failure.kind === 'told') {
      throw new UserError(
        failure.message,
        failure.remedy === undefined ? {} : { remedy: failure.remedy },
      );
    }
    if (failure.kind === 'fault') throw new Error(what);
    if (context.signal.aborted || restart === restarts) {
      throw new UserError(`${what}; the workers were started ${restart + 1} times`, {
        remedy: 'Mend what ends it, then go on with `resume: true`.',
      });
    }
    context.reporter.warn(
      `${what}. All ${launch.workers} workers start again from the newest checkpoint (restart ${restart + 1} of ${restarts}).`,
    );
  }
}

type Ended =
  | { readonly result: TrainJobResult }
  | { readonly rank: number; readonly failure: WorkerFailure };

/** Runs all workers to their end; of several that fail the one that says most is given. */
async function runWorkers(
  options: TrainModelOptions,
  { workers: count, onStart }: LaunchOptions,
  { reporter, cacheDir, signal }: Context,
): Promise<Ended> {
  const ports = await freePorts(count);
  const addresses = ports.map((port) => `127.0.0.1:${port}`);
  const threads = Math.max(1, Math.floor(availableParallelism() / count));
  const gpus = await visibleGpus();
  const workers = addresses.map((_, rank) => {
    const place = { addresses, rank };
    const task = { options, place, threads, cacheDir };
    const env = environmentOf(rank, gpus);
    return new LaunchedWorker(task, env, rank === 0 ? reporter : reporterOf(rank, reporter));
  });
  onStart?.(workers.map(({ pid }) => pid!));
  const stop = () => {
    for (const worker of workers) worker.stop();
  };
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  try {
    const ends: (WorkerEnd | undefined)[] = workers.map(() => undefined);
    const all = Promise.all(
      workers.map(async ({ ended }, rank) => {
        ends[rank] = await ended;
      }),
    );
    const failed = Promise.race(
      workers.map(async ({ ended }) => {
        if (!('failure' in (await ended))) await all;
      }),
    );
    await failed;
    await Promise.race([all, sleep(GRACE_MS, undefined, { ref: false })]);
    const known = [...ends];
    for (const worker of workers) worker.kill();
    await all;
    return worstOf(known);
  } finally {
    signal.removeEventListener('abort', stop);
    for (const worker of workers) worker.kill();
  }
}

/** @param ends by rank, undefined for a worker that had not ended by itself */
function worstOf(ends: readonly (WorkerEnd | undefined)[]): Ended {
  const [first] = ends;
  if (first !== undefined && 'result' in first) return first;
  const failures = ends.flatMap((end, rank) =>
    end !== undefined && 'failure' in end ? [{ rank, failure: end.failure }] : [],
  );
  const rankOf = ({ failure }: (typeof failures)[number]) =>
    ['told', 'fault', 'died', 'lost'].indexOf(failure.kind);
  return failures.sort((a, b) => rankOf(a) - rankOf(b))[0];
}

/** What another worker than the first says: its warnings, not what all say alike. */
function reporterOf(rank: number, reporter: Reporter): Reporter {
  return { ...SILENT_REPORTER, warn: (message) => reporter.warn(`worker ${rank}: ${message}`) };
}

/** Ports of this machine that nobody listens on. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer().on('error', reject);
          server.listen(0, () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
