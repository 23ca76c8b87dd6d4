import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { lastLines } from './run_command.ts';

/** Of what a process says on standard error, the last so many characters are kept. */
const KEPT_CHARACTERS = 10_000;

export interface PipedProcessOptions {
  readonly program: string;
  readonly args: readonly string[];
  /** The whole environment of the program; this process' own unless given. */
  readonly env?: NodeJS.ProcessEnv;
  /** Ends the process. */
  readonly signal: AbortSignal;
}

/** Those that run: this process takes them along, whatever ends it. */
const running = new Set<ChildProcessWithoutNullStreams>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A process that is written to and read from while it runs. */
export class PipedProcess {
  /** Why it ended: "exit code 1", "SIGKILL", or why it could not be started. Never rejects. */
  readonly ended: Promise<string>;
  private readonly child: ChildProcessWithoutNullStreams;
  private errors = '';

  constructor({ program, args, env, signal }: PipedProcessOptions) {
    const child = spawn(program, args, env === undefined ? {} : { env });
    this.child = child;
    const kill = () => this.kill();
    signal.addEventListener('abort', kill);
    running.add(child);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.errors = (this.errors + text).slice(-KEPT_CHARACTERS);
    });
    child.stdin.on('error', () => {}); // `ended` says it
    this.ended = new Promise((resolve) => {
      const end = (why: string) => {
        signal.removeEventListener('abort', kill);
        running.delete(child);
        resolve(why);
      };
      child.on('error', (error) => end(error.message));
      child.on('close', (code, killedBy) => end(killedBy ?? `exit code ${code}`));
    });
  }

  get stdout(): Readable {
    return this.child.stdout;
  }

  /** What it said last on standard error, in one line. */
  get lastWords(): string {
    return lastLines(this.errors);
  }

  write(data: string | Uint8Array): void {
    this.child.stdin.write(data);
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }
}
