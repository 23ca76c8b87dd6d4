import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import { CheckpointFolder } from '../../checkpoints/training_checkpoint/checkpoint_folder.ts';
import type { LabelledDataset } from '../../datasets/dataset.ts';
import { type LabelledPixels, pixelDataset } from '../../datasets/pixel_dataset.ts';
import { UserError } from '../../foundation/errors.ts';
import { SILENT_REPORTER } from '../../foundation/reporting/reporter.ts';
import { train } from '../../training/loop/train.ts';
import type { Recipe } from '../../training/recipes/recipe.ts';
import { createTrainStep } from '../../training/step/create_train_step.ts';
import type { TrainStep } from '../../training/step/train_step.ts';
import {
  combineObservers,
  type StepReport,
  type TrainingObserver,
} from '../../training/watch/observer.ts';
import { watchRun } from '../../workflows/train/watch_run.ts';
import type { Contestant, Round } from '../rounds.ts';
import { modelOf, type WorkloadShape } from './workload.ts';

/** What the loop did in one turn. */
export interface LoopRound extends Round {
  /** Share of the time that passed waiting for batches. */
  readonly waitShare: number;
}

/** As many as CIFAR-10 has: an epoch ends and begins in a turn, as in a training. */
const IMAGES = 50_000;

/** Turns last longer than those of a bare step, so that a checkpoint is taken in each. */
const LENGTH = 3;
const CHECKPOINTS_PER_TURN = 2;

/**
 * `train` as `tf8 train` runs it: images augmented by worker threads (their pixels are in memory, as
 * CIFAR-10's), metrics, TensorBoard events, checkpoints, far more often than the command takes them. Starting is not
 * timed: a turn's clock runs from the end of its first step to the end of its last.
 */
export class WholeLoop implements Contestant<LoopRound> {
  readonly name = 'loop';
  private readonly dataset: LabelledDataset;
  private readonly model: tf.LayersModel;
  private readonly step: TrainStep;
  private readonly recipe: Recipe;
  private readonly folder: string;
  private readonly signal: AbortSignal;

  private constructor(
    dataset: LabelledDataset,
    model: tf.LayersModel,
    step: TrainStep,
    recipe: Recipe,
    folder: string,
    signal: AbortSignal,
  ) {
    this.dataset = dataset;
    this.model = model;
    this.step = step;
    this.recipe = recipe;
    this.folder = folder;
    this.signal = signal;
  }

  /** @param folder for what the training stores */
  static async create(
    shape: WorkloadShape,
    recipe: Recipe,
    folder: string,
    signal: AbortSignal,
  ): Promise<WholeLoop> {
    const model = modelOf(shape, recipe);
    const options = { regularizeDepthwise: false, reporter: SILENT_REPORTER };
    const step = await createTrainStep(model, recipe, options);
    return new WholeLoop(noise(shape), model, step, recipe, folder, signal);
  }

  async round(seconds: number): Promise<LoopRound> {
    const { dataset, recipe, signal } = this;
    const reporter = SILENT_REPORTER;
    const length = LENGTH * seconds;
    const clock = new LoopClock(recipe.batchSize);
    const run = join(this.folder, randomBytes(4).toString('hex'));
    const folder = await CheckpointFolder.open({ dir: join(run, 'checkpoints'), reporter });
    try {
      const watch = await watchRun(run, { title: this.model.name, steps: undefined, reporter });
      await train(this.step, {
        dataset,
        recipe: { ...recipe, budget: { minutes: length / 60 } },
        network: this.model.name,
        start: 'random weights',
        seed: 1,
        reporter,
        signal,
        observe: async () => combineObservers(clock, watch),
        checkpoints: { folder, everySeconds: length / CHECKPOINTS_PER_TURN },
      });
    } finally {
      await folder.close();
    }
    signal.throwIfAborted();
    return clock.round;
  }

  dispose(): void {
    this.step.dispose();
    this.model.dispose();
  }
}

/** Times steps from the end of the first. */
class LoopClock implements TrainingObserver {
  private readonly batchSize: number;
  private start: number | undefined;
  private last = 0;
  private images = 0;
  private waitSeconds = 0;

  constructor(batchSize: number) {
    this.batchSize = batchSize;
  }

  step({ imagesPerSecond, waitShare }: StepReport): void {
    this.last = performance.now();
    if (this.start === undefined) {
      this.start = this.last;
      return;
    }
    this.images += this.batchSize;
    this.waitSeconds += (waitShare * this.batchSize) / imagesPerSecond;
  }

  epoch(): void {}

  async end(): Promise<void> {}

  /** @throws UserError where not one step was timed */
  get round(): LoopRound {
    if (this.images === 0) {
      throw new UserError('Expected a turn of two steps at least but there was time for one', {
        remedy: 'Pass longer --seconds.',
      });
    }
    const seconds = (this.last - this.start!) / 1000;
    return { images: this.images, seconds, waitShare: this.waitSeconds / seconds };
  }
}

/** A data set of images that show nothing. */
function noise({ resolution, batch, classes }: WorkloadShape): LabelledDataset {
  const images = IMAGES - (IMAGES % batch); // whole batches only
  const pixels = randomBytes(images * resolution * resolution * 3);
  const labels = Uint8Array.from({ length: images }, (_, index) => index % classes);
  const size = { height: resolution, width: resolution, channels: 3 } as const;
  const train: LabelledPixels = { pixels, labels, ...size };
  const test: LabelledPixels = { pixels: new Uint8Array(), labels: new Uint8Array(), ...size };
  return pixelDataset({
    name: 'noise',
    classNames: Array.from({ length: classes }, (_, label) => `class ${label}`),
    origin: 'drawn for the bench',
    splits: { train, test },
  });
}
