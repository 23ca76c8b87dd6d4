import { setImmediate } from 'node:timers/promises';
import type * as tf from '@tensorflow/tfjs';
import { deriveSeed } from '../architectures/derive_seed.ts';
import { UserError } from '../checkpoints/artifacts/errors.ts';
import type { Reporter } from '../checkpoints/artifacts/reporter.ts';
import { nonFiniteWeight } from '../checkpoints/model_weights.ts';
import type { Dataset, ImageBatch } from '../datasets/dataset.ts';
import { learningRateAt, type Recipe } from './recipe.ts';
import { TrainStep } from './train_step.ts';

/**
 * A last batch of fewer images is left out: where the deepest layers are 1 × 1 pixel, batch norms
 * would take their statistics from so few values (variance 0 from one image).
 */
const MIN_TAIL_BATCH = 8;

/**
 * Nats of cross-entropy that count as divergence, for logits that overflow step by step. While the
 * moving statistics lag behind, inference in the first steps of a network without clamps has lost
 * thousands of nats and yet trained well.
 */
const DIVERGED_LOSS = 1e9;

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
  /** Images of a whole epoch, without a last batch that is left out; broken ones counted. */
  readonly imagesPerEpoch: number;
  readonly steps: number;
  readonly imagesPerSecond: number;
  /** Images that could not be read; each was named to the reporter. */
  readonly skipped: number;
  /** Stopped by the signal before the last step. */
  readonly interrupted: boolean;
}

/**
 * Trains a model in place, in the order that the seed gives; the same seed, data and machine give
 * the same weights. A last batch of fewer than 8 images is left out unless it is whole or the only
 * one. Needs the TensorFlow backend (`requireTensorFlow`).
 * @throws UserError when training diverges, naming the step and the learning rate, and when no image
 *   could be read
 */
export async function train(model: tf.LayersModel, options: TrainOptions): Promise<TrainResult> {
  const { dataset, recipe, resolution, seed, reporter, signal } = options;
  const images = epochImages(
    Math.min(options.limit ?? Infinity, dataset.count('train')),
    recipe.batchSize,
  );
  const stepsPerEpoch = Math.ceil(images / recipe.batchSize);
  const steps = stepsPerEpoch * recipe.epochs;
  const epochs: EpochSummary[] = [];
  const skipped = new Set<string>();
  const step = new TrainStep(model, recipe, options.regularizeDepthwise);
  const progress = reporter.start(`training ${model.name}`, images * recipe.epochs, 'images');
  const start = performance.now();
  let stepsDone = 0;
  let imagesDone = 0;
  let last: { readonly batch: ImageBatch; readonly learningRate: number } | undefined;
  try {
    for (let epoch = 0; epoch < recipe.epochs && !signal?.aborted; epoch++) {
      const sums = { loss: 0, correct: 0, images: 0 };
      const batches = dataset.batches({
        split: 'train',
        batchSize: recipe.batchSize,
        resolution,
        limit: images,
        seed: deriveSeed(seed, 'order', epoch),
        onSkip: ({ name, reason }) => {
          if (skipped.has(name)) return;
          skipped.add(name);
          reporter.warn(`skipped ${name}: ${reason}`);
        },
      });
      for await (const batch of batches) {
        const size = batch.shape[0];
        // Broken images may leave a smaller last batch than was planned.
        if (sums.images > 0 && isShortTail(size, recipe.batchSize)) continue;
        const learningRate = learningRateAt(recipe, stepsDone, steps);
        const { loss, correct } = step.run(
          batch,
          learningRate,
          deriveSeed(seed, 'dropout', stepsDone),
        );
        if (!(loss < DIVERGED_LOSS)) {
          throw diverged(`the loss is ${loss} at`, stepsDone + 1, steps, learningRate);
        }
        last = { batch, learningRate };
        sums.loss += loss * size;
        sums.correct += correct;
        sums.images += size;
        stepsDone++;
        imagesDone += size;
        progress.update(
          imagesDone,
          `epoch ${epoch + 1}/${recipe.epochs}, loss ${(sums.loss / sums.images).toFixed(3)}`,
        );
        // A step blocks the event loop: without a turn of it no Ctrl-C would ever arrive.
        await setImmediate();
        if (signal?.aborted) break;
      }
      if (sums.images > 0) {
        epochs.push({
          loss: sums.loss / sums.images,
          accuracy: (100 * sums.correct) / sums.images,
        });
      }
    }
    // The last update shows in no step's loss. What was interrupted is kept as far as it came.
    if (last !== undefined && !signal?.aborted) {
      const damage = damageOf(model, step, last.batch);
      if (damage) throw diverged(`${damage} after`, stepsDone, steps, last.learningRate);
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
    imagesPerEpoch: images,
    steps: stepsDone,
    imagesPerSecond: (1000 * imagesDone) / (performance.now() - start),
    skipped: skipped.size,
    interrupted,
  };
}

/** Images of an epoch of `count`, without a last batch that is too short to train on. */
function epochImages(count: number, batchSize: number): number {
  const tail = count % batchSize;
  return count > tail && isShortTail(tail, batchSize) ? count - tail : count;
}

function isShortTail(size: number, batchSize: number): boolean {
  return size < batchSize && size < MIN_TAIL_BATCH;
}

/** What the last update has done to the network, or undefined where it is sound. */
function damageOf(model: tf.LayersModel, step: TrainStep, batch: ImageBatch): string | undefined {
  const bad = nonFiniteWeight(model);
  if (bad !== undefined) return `${bad.name} holds ${bad.value}`;
  const loss = step.loss(batch);
  return loss < DIVERGED_LOSS ? undefined : `the loss is ${loss}`;
}

function diverged(what: string, step: number, steps: number, learningRate: number): UserError {
  return new UserError(
    `Training diverged: ${what} step ${step} of ${steps}, at learning rate ${learningRate}`,
    { remedy: 'Train with a lower learning rate.' },
  );
}
