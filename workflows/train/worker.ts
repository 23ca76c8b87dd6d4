/** A program: a worker of a training that `launchWorkers` starts, which tells it what to do and listens. */
import { messageOf, UserError } from '../../foundation/errors.ts';
import type { Reporter } from '../../foundation/reporting/reporter.ts';
import { ClusterError } from '../../training/cluster/cluster_error.ts';
import { trainModel } from './train_model.ts';
import type { FromWorker, ToWorker, WorkerFailure, WorkerTask } from './worker_messages.ts';

/** A terminal sends these to all its processes: the launcher says what they mean. */
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);

const abort = new AbortController();
process.on('SIGTERM', () => abort.abort());
// Without the launcher nobody wants the result.
process.on('disconnect', () => process.exit(1));
process.on('message', (message: ToWorker) => {
  if ('stop' in message) abort.abort();
  else void run(message.task);
});

async function run({ options, place, threads, cacheDir }: WorkerTask): Promise<void> {
  const context = { reporter: REPORTER, cacheDir, signal: abort.signal };
  let last: FromWorker;
  try {
    const asked = { ...options, workers: undefined, cluster: place, threads };
    last = { result: await trainModel(asked, context) };
  } catch (error) {
    last = { failure: failureOf(error) };
  }
  process.send!(last, () => process.exit('result' in last ? 0 : 1));
}

function failureOf(error: unknown): WorkerFailure {
  const message = messageOf(error);
  if (error instanceof ClusterError) return { kind: 'lost', message, remedy: error.remedy };
  if (error instanceof UserError) return { kind: 'told', message, remedy: error.remedy };
  return { kind: 'fault', message: error instanceof Error ? `${error.stack}` : message };
}

function send(message: FromWorker): void {
  process.send!(message);
}

const REPORTER: Reporter = {
  info: (info) => send({ info }),
  warn: (warn) => send({ warn }),
  start(label, total, unit, alreadyDone) {
    send({ start: { label, total, unit, alreadyDone } });
    return {
      update: (done, detail) => send({ update: { done, detail } }),
      end: () => send({ end: true }),
    };
  },
};
