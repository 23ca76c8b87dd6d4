import type * as tf from '@tensorflow/tfjs';
import { UserError } from '../checkpoints/artifacts/errors.ts';
import type { Reporter } from '../checkpoints/artifacts/reporter.ts';
import type { Dataset } from '../datasets/dataset.ts';
import { learningRateAt, type Recipe } from './recipe.ts';
import { TrainStep } from './train_step.ts';

export interface TrainOptions {
  readonly dataset: Dataset;
  readonly recipe: Recipe;
  /** Applies the recipe's L2 to the depthwise weights. */
  readonly regularizeDepthwise: boolean;
  readonly resolution: number;
  /** Images of an epoch, drawn anew for each epoch; the whole split unless given. */
  readonly limit?: number | undefined;
  readonly seed: number;
  readonly reporter: Reporter;
  /** Stops after the step in progress. */
  readonly signal?: AbortSignal | undefined;
}

export interface EpochSummary {
  readonly loss: number;
  /** Share of the images that were classified right while training, in percent. */
  readonly accuracy: number;
}

export interface TrainResult {
  readonly epochs: readonly EpochSummary[];
  readonly steps: number;
  readonly imagesPerSecond: number;
  /** Images that could not be read; each was named to the reporter. */
  readonly skipped: number;
  /** Stopped by the signal before the last step. */
  readonly interrupted: boolean;
}

/**
 * Trains a model in place, in the order that the seed gives; the same seed, data and machine give
 * the same weights. Needs the TensorFlow backend (`requireTensorFlow`).
 * @throws UserError when the loss stops being a number, naming the step and the learning rate, and
 *   when no image could be read
 */
export async function train(model: tf.LayersModel, options: TrainOptions): Promise<TrainResult> {
  const { dataset, recipe, resolution, seed, reporter, signal } = options;
  const images = Math.min(options.limit ?? Infinity, dataset.count('train'));
  const stepsPerEpoch = Math.ceil(images / recipe.batchSize);
  const steps = stepsPerEpoch * recipe.epochs;
  const epochs: EpochSummary[] = [];
  const skipped = new Set<string>();
  const step = new TrainStep(model, recipe, options.regularizeDepthwise);
  const progress = reporter.start(`training ${model.name}`, images * recipe.epochs, 'images');
  const start = performance.now();
  let stepsDone = 0;
  let imagesDone = 0;
  try {
    for (let epoch = 0; epoch < recipe.epochs && !signal?.aborted; epoch++) {
      const sums = { loss: 0, correct: 0, images: 0 };
      const batches = dataset.batches({
        split: 'train',
        batchSize: recipe.batchSize,
        resolution,
        limit: images,
        seed: (seed + epoch) >>> 0, // orders take seeds below 2³²
        onSkip: ({ name, reason }) => {
          if (skipped.has(name)) return;
          skipped.add(name);
          reporter.warn(`skipped ${name}: ${reason}`);
        },
      });
      for await (const batch of batches) {
        const learningRate = learningRateAt(recipe, stepsDone, steps);
        const { loss, correct } = step.run(batch, learningRate, seed + stepsDone);
        if (!Number.isFinite(loss)) {
          throw new UserError(
            `Training diverged: the loss is ${loss} at step ${stepsDone + 1} of ${steps}, at learning rate ${learningRate}`,
            { remedy: 'Train with a lower --learning-rate.' },
          );
        }
        const size = batch.shape[0];
        sums.loss += loss * size;
        sums.correct += correct;
        sums.images += size;
        stepsDone++;
        imagesDone += size;
        progress.update(
          imagesDone,
          `epoch ${epoch + 1}/${recipe.epochs}, loss ${(sums.loss / sums.images).toFixed(3)}`,
        );
        if (signal?.aborted) break;
      }
      if (sums.images > 0) {
        epochs.push({
          loss: sums.loss / sums.images,
          accuracy: (100 * sums.correct) / sums.images,
        });
      }
    }
  } finally {
    progress.end();
    step.dispose();
  }
  const interrupted = signal?.aborted === true && stepsDone < steps;
  if (stepsDone === 0 && !interrupted) {
    throw new UserError(
      `Expected at least one training image of ${dataset.name} but ${skipped.size} of ${images} could not be read`,
      { remedy: `Check the files in ${dataset.origin}.` },
    );
  }
  return {
    epochs,
    steps: stepsDone,
    imagesPerSecond: (1000 * imagesDone) / (performance.now() - start),
    skipped: skipped.size,
    interrupted,
  };
}
