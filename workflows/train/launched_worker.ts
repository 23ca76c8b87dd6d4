import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { lastLines } from '../../foundation/processes/run_command.ts';
import { sourceHooks } from '../../foundation/processes/source_hooks.ts';
import type { Progress, Reporter } from '../../foundation/reporting/reporter.ts';
import type { TrainJobResult } from './train.ts';
import type { FromWorker, ToWorker, WorkerFailure, WorkerTask } from './worker_messages.ts';

/** Of this module: the sources or the compiled ones. */
const EXTENSION = import.meta.url.slice(-3);

const PROGRAM = fileURLToPath(new URL(`./worker${EXTENSION}`, import.meta.url));

/** Of what a worker says on standard error, the last so many characters are kept. */
const KEPT_CHARACTERS = 10_000;

/** Of libtensorflow's log, which says nothing of why a process ended. */
const LOG_LINE = /^\d{4}-\d\d-\d\d [\d:.]+: [IWE] .*$/gm;

/** Those that run: this process takes them along, whatever ends it. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** How a worker ended: with a result, or with what failed. */
export type WorkerEnd = { readonly result: TrainJobResult } | { readonly failure: WorkerFailure };

/** A worker of a training in a process of its own. */
export class LaunchedWorker {
  /** Never rejects. */
  readonly ended: Promise<WorkerEnd>;
  private readonly child: ChildProcess;
  private readonly reporter: Reporter;
  private readonly progress: Progress[] = [];
  private last: WorkerEnd | undefined;
  private errors = '';

  /**
   * @param env besides this process' own
   * @param reporter is told what the worker's is
   */
  constructor(task: WorkerTask, env: NodeJS.ProcessEnv, reporter: Reporter) {
    this.reporter = reporter;
    const child = fork(PROGRAM, [], {
      execArgv: sourceHooks(import.meta.url),
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.child = child;
    running.add(child);
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.errors = (this.errors + text).slice(-KEPT_CHARACTERS);
    });
    child.on('message', (message: FromWorker) => this.receive(message));
    this.ended = new Promise((resolve) => {
      const end = (why: string) => {
        running.delete(child);
        for (const progress of this.progress.splice(0).reverse()) progress.end();
        resolve(this.last ?? { failure: this.death(why) });
      };
      child.on('error', (error) => end(error.message));
      child.on('close', (code, killedBy) => end(killedBy ?? `exit code ${code}`));
    });
    this.send({ task });
  }

  /** Of its process. */
  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Lets all workers stop after the step in progress. */
  stop(): void {
    if (this.child.connected) this.send({ stop: true });
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  private send(message: ToWorker): void {
    this.child.send(message, () => undefined); // One that is gone has `ended`.
  }

  private death(why: string): WorkerFailure {
    const words = lastLines(this.errors.replaceAll(LOG_LINE, ''));
    return { kind: 'died', message: `it ended with ${why}${words === '' ? '' : `: ${words}`}` };
  }

  private receive(message: FromWorker): void {
    const { reporter, progress } = this;
    if ('info' in message) reporter.info(message.info);
    else if ('warn' in message) reporter.warn(message.warn);
    else if ('start' in message) {
      const { label, total, unit, alreadyDone } = message.start;
      progress.push(reporter.start(label, total, unit, alreadyDone));
    } else if ('update' in message)
      progress.at(-1)?.update(message.update.done, message.update.detail);
    else if ('end' in message) progress.pop()?.end();
    else this.last = message;
  }
}
