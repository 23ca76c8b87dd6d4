import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { UserError } from '../../foundation/errors.ts';
import { lastLines } from '../../foundation/processes/run_command.ts';

export interface LineProcessOptions {
  /** For people: "The Keras process". */
  readonly title: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** Ends the process. */
  readonly signal: AbortSignal;
}

/** Those that run: this process takes them along, whatever ends it. */
const running = new Set<ChildProcessWithoutNullStreams>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/**
 * A process that reads a command a line, `{"command", "arguments"}`, and answers each with a line of
 * JSON. It ends with this process, whatever ends that, and at the latest when its input does.
 */
export class LineProcess {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly signal: AbortSignal;
  private readonly ended: Promise<never>;
  private readonly answers: AsyncIterator<string>;
  private errors = '';

  constructor({ title, program, args, environment, signal }: LineProcessOptions) {
    this.signal = signal;
    this.child = spawn(program, args, { env: environment });
    const kill = () => this.child.kill('SIGKILL');
    signal.addEventListener('abort', kill);
    running.add(this.child);
    this.child.stderr.on('data', (chunk: Buffer) => {
      this.errors = (this.errors + chunk.toString()).slice(-10_000);
    });
    this.child.stdin.on('error', () => {}); // told by its end
    this.ended = new Promise((_, reject) => {
      const fail = (why: string) => {
        signal.removeEventListener('abort', kill);
        running.delete(this.child);
        reject(
          signal.aborted
            ? signal.reason
            : new UserError(`${title} ended (${why}): ${lastLines(this.errors)}`),
        );
      };
      this.child.on('error', (error) => fail(error.message));
      this.child.on('close', (code, killedBy) => fail(killedBy ?? `exit code ${code}`));
    });
    this.ended.catch(() => {}); // asked or not, it ends
    this.answers = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  /**
   * @throws UserError with the last that the process said where it ends before it answers; the
   *   signal's reason when aborted
   */
  async ask<Answer>(command: string, parameters: object): Promise<Answer> {
    // What it said before it was ended may still come: no answer to this.
    this.signal.throwIfAborted();
    this.child.stdin.write(`${JSON.stringify({ command, arguments: parameters })}\n`);
    const { value, done } = await Promise.race([this.answers.next(), this.ended]);
    if (done) return this.ended;
    return JSON.parse(value) as Answer;
  }

  /** Ends the process. */
  close(): void {
    this.child.kill('SIGKILL');
  }
}
