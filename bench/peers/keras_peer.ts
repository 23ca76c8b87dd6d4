import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ConvLayer } from '../../architectures/conv_layer.ts';
import { UserError } from '../../checkpoints/artifacts/errors.ts';
import { lastLines } from '../../checkpoints/artifacts/run_tool.ts';
import type { Recipe } from '../../training/recipes/recipe.ts';
import type { Round } from '../rounds.ts';

const SCRIPT = join(import.meta.dirname, 'keras_training.py');

/** A network in Keras, its weights and what it is trained on; files are little-endian, without header. */
export interface Build {
  readonly layers: readonly ConvLayer[];
  readonly resolution: number;
  readonly recipe: Pick<Recipe, 'optimizer' | 'weightDecay' | 'batchNormDecay' | 'dropout'> & {
    readonly learningRate: number;
    readonly batchNormEpsilon: number;
  };
  /** Every weight, float32, one after another in the order of `tensors`. */
  readonly weights: {
    readonly path: string;
    readonly tensors: readonly { readonly name: string; readonly shape: readonly number[] }[];
  };
  /** `count` batches, taken in turn: images float32, labels int32. */
  readonly batches: {
    readonly images: string;
    readonly labels: string;
    readonly count: number;
    /** [N, H, W, 3] of one batch */
    readonly shape: readonly number[];
  };
}

/** The process of `keras_training.py`: idle, and without a busy thread, while it is asked nothing. */
export class KerasPeer {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly ended: Promise<never>;
  private readonly answers: AsyncIterator<string>;
  private errors = '';

  /**
   * @param python of `pythonEnvironment`
   * @param environment with TensorFlow's own variables, such as its numbers of threads
   * @param signal ends the process
   */
  constructor(python: string, environment: NodeJS.ProcessEnv, signal: AbortSignal) {
    this.child = spawn(python, ['-I', '-u', SCRIPT], { env: environment });
    const kill = () => this.child.kill('SIGKILL');
    signal.addEventListener('abort', kill);
    process.on('exit', kill);
    this.child.stderr.on('data', (chunk: Buffer) => {
      this.errors = (this.errors + chunk.toString()).slice(-10_000);
    });
    this.child.stdin.on('error', () => {}); // told by its end
    this.ended = new Promise((_, reject) => {
      const fail = (why: string) => {
        signal.removeEventListener('abort', kill);
        process.off('exit', kill);
        reject(
          signal.aborted
            ? signal.reason
            : new UserError(`The Keras process ended (${why}): ${lastLines(this.errors)}`),
        );
      };
      this.child.on('error', (error) => fail(error.message));
      this.child.on('close', (code, killedBy) => fail(killedBy ?? `exit code ${code}`));
    });
    this.ended.catch(() => {}); // asked or not, it ends
    this.answers = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  /** Versions of its libraries. */
  versions(): Promise<{ readonly tensorflow: string; readonly keras: string }> {
    return this.ask('versions', {});
  }

  /** Builds a network, in the place of one that was built before. */
  async build(build: Build): Promise<void> {
    await this.ask('build', build);
  }

  /** Takes steps from where the network is; cross-entropy of each, in nats. */
  async losses(steps: number): Promise<readonly number[]> {
    return (await this.ask<{ losses: number[] }>('losses', { steps })).losses;
  }

  /** Trains for some time. `step`: the bare step, called for each batch; `fit`: Keras's own loop. */
  round(way: 'step' | 'fit', seconds: number): Promise<Round> {
    return this.ask('round', { way, seconds });
  }

  /** Ends the process. */
  close(): void {
    this.child.kill('SIGKILL');
  }

  private async ask<Answer>(command: string, parameters: object): Promise<Answer> {
    this.child.stdin.write(`${JSON.stringify({ command, arguments: parameters })}\n`);
    const { value, done } = await Promise.race([this.answers.next(), this.ended]);
    if (done) return this.ended;
    return JSON.parse(value) as Answer;
  }
}
