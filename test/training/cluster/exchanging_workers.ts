import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { TSX } from '../../support/without_tfjs_node.ts';
import type { ExchangeRun } from './exchanges.ts';
import { freePort } from './run_worker.ts';
import type { TwoMachines } from './two_machines.ts';

const EXCHANGES = fileURLToPath(new URL('exchanges.ts', import.meta.url));

/** Seconds that workers may be apart: on a busy machine they also start apart. */
const TIMEOUT_SECONDS = 30;

type Worker = Omit<ExchangeRun, 'timeoutSeconds'>;

/** After three exchanges it is busy for ever, or does something else until it is told to go on. */
export function busyOrWaiting(isBusy: boolean): Pick<Worker, 'busyAfter' | 'waitsAfter'> {
  return isBusy ? { busyAfter: 3 } : { waitsAfter: 3 };
}

/** What a worker says at last whose peer was lost. */
export function lostIn(workers: number, round?: number): RegExp {
  return new RegExp(
    `^lost: Expected all ${workers} workers in round ${round ?? '\\d+'} within ${TIMEOUT_SECONDS} s of each other but: `,
    'm',
  );
}

/** Processes that exchange until one is lost (`exchanges.ts`). */
export class ExchangingWorkers {
  private readonly started: ExchangingWorker[] = [];

  /** Starts as many as there are options, on this machine or on two. */
  async start(
    options: readonly Omit<Worker, 'place'>[],
    machines?: TwoMachines,
  ): Promise<ExchangingWorker[]> {
    const addresses = machines
      ? machines.hosts.map((host) => `${host}:2222`)
      : await Promise.all(options.map(async () => `127.0.0.1:${await freePort()}`));
    return options.map((own, rank) =>
      this.startOne({ place: { addresses, rank }, ...own }, machines?.within(rank)),
    );
  }

  /** @param within words that begin the command line */
  startOne(worker: Worker, within: readonly string[] = []): ExchangingWorker {
    const one = new ExchangingWorker({ timeoutSeconds: TIMEOUT_SECONDS, ...worker }, within);
    this.started.push(one);
    return one;
  }

  /** Ends those that are left. */
  end(): void {
    for (const worker of this.started.splice(0)) worker.kill('SIGKILL');
  }
}

/** One of them, with what it has said. */
export class ExchangingWorker {
  readonly task: ExchangeRun;
  private readonly child: ChildProcess;
  private said = '';
  private readonly listeners = new Set<() => void>();
  private readonly closed: Promise<void>;

  constructor(task: ExchangeRun, within: readonly string[]) {
    this.task = task;
    const [command, ...args] = [
      ...within,
      ...[process.execPath, '--import', TSX, EXCHANGES, JSON.stringify(task)],
    ];
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    this.child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.said += text;
      for (const listener of this.listeners) listener();
    });
    this.closed = new Promise((resolve) =>
      child.on('close', (_, signal) => {
        if (signal !== null) this.said += `ended by ${signal}\n`;
        resolve();
      }),
    );
  }

  kill(signal: 'SIGKILL' | 'SIGSTOP'): void {
    this.child.kill(signal);
  }

  /** Ends the wait of `waitsAfter`. */
  goOn(): void {
    this.child.kill('SIGUSR2');
  }

  says(words: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (this.said.includes(`${words}\n`)) resolve();
      };
      this.listeners.add(look);
      void this.closed.then(() => reject(new Error(`It ended before ${words}: ${this.said}`)));
      look();
    });
  }

  /** @returns all that it has said, and a signal that ended it */
  async end(): Promise<string> {
    await this.closed;
    return this.said;
  }
}
