import { join } from 'node:path';
import type { ConvLayer } from '../../architectures/conv_layer.ts';
import type { Recipe } from '../../training/recipes/recipe.ts';
import type { Round } from '../rounds.ts';
import { LineProcess } from './line_process.ts';

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
  private readonly process: LineProcess;

  /**
   * @param python of `pythonEnvironment`
   * @param environment with TensorFlow's own variables, such as its numbers of threads
   * @param signal ends the process
   */
  constructor(python: string, environment: NodeJS.ProcessEnv, signal: AbortSignal) {
    const args = ['-I', '-u', SCRIPT];
    const title = 'The Keras process';
    this.process = new LineProcess({ title, program: python, args, environment, signal });
  }

  /** Versions of its libraries. */
  versions(): Promise<{ readonly tensorflow: string; readonly keras: string }> {
    return this.process.ask('versions', {});
  }

  /** Builds a network, in the place of one that was built before. */
  async build(build: Build): Promise<void> {
    await this.process.ask('build', build);
  }

  /** Takes steps from where the network is; cross-entropy of each, in nats. */
  async losses(steps: number): Promise<readonly number[]> {
    return (await this.process.ask<{ losses: number[] }>('losses', { steps })).losses;
  }

  /** Trains for some time. `step`: the bare step, called for each batch; `fit`: Keras's own loop. */
  round(way: 'step' | 'fit', seconds: number): Promise<Round> {
    return this.process.ask('round', { way, seconds });
  }

  /** Ends the process. */
  close(): void {
    this.process.close();
  }
}
