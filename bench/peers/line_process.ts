import { createInterface } from 'node:readline';
import { UserError } from '../../foundation/errors.ts';
import { PipedProcess } from '../../foundation/processes/piped_process.ts';

export interface LineProcessOptions {
  /** For people: "The Keras process". */
  readonly title: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** Ends the process. */
  readonly signal: AbortSignal;
}

/**
 * A process that reads a command a line, `{"command", "arguments"}`, and answers each with a line of
 * JSON. It ends with this process, whatever ends that, and at the latest when its input does.
 */
export class LineProcess {
  private readonly process: PipedProcess;
  private readonly signal: AbortSignal;
  private readonly ended: Promise<never>;
  private readonly answers: AsyncIterator<string>;

  constructor({ title, program, args, environment, signal }: LineProcessOptions) {
    this.signal = signal;
    this.process = new PipedProcess({ program, args, env: environment, signal });
    this.ended = this.process.ended.then((why) => {
      signal.throwIfAborted();
      throw new UserError(`${title} ended (${why}): ${this.process.lastWords}`);
    });
    this.ended.catch(() => {}); // asked or not, it ends
    this.answers = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
  }

  /**
   * @throws UserError with the last that the process said where it ends before it answers; the
   *   signal's reason when aborted
   */
  async ask<Answer>(command: string, parameters: object): Promise<Answer> {
    // What it said before it was ended may still come: no answer to this.
    this.signal.throwIfAborted();
    this.process.write(`${JSON.stringify({ command, arguments: parameters })}\n`);
    const { value, done } = await Promise.race([this.answers.next(), this.ended]);
    if (done) return this.ended;
    return JSON.parse(value) as Answer;
  }

  /** Ends the process. */
  close(): void {
    this.process.kill();
  }
}
