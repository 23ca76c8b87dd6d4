import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { type Reporter, SILENT_REPORTER } from '../../checkpoints/artifacts/reporter.ts';
import type { Recipe } from '../../training/recipe.ts';
import { type TrainOptions, train } from '../../training/train.ts';
import { TINY } from '../architectures/support.ts';
import { memoryDataset } from '../support/memory_dataset.ts';
import { needsTensorFlow } from '../support/needs_tensorflow.ts';
import { recordingReporter } from '../support/recording_reporter.ts';
import { RECIPE, tinyModel, weightsOf } from './support.ts';

const DATASET = memoryDataset({ classes: TINY.classes, images: 16 });
const SHORT: Recipe = { ...RECIPE, epochs: 2, dropout: 0.1 };

function options(changes: Partial<TrainOptions> = {}): TrainOptions {
  return {
    dataset: DATASET,
    recipe: SHORT,
    regularizeDepthwise: false,
    resolution: TINY.resolution,
    seed: 3,
    reporter: SILENT_REPORTER,
    ...changes,
  };
}

/** Trains a fresh network; always from the same start weights. */
async function trained(changes: Partial<TrainOptions> = {}) {
  const all = options(changes);
  const model = tinyModel(all.recipe);
  try {
    const result = await train(model, all);
    return { result, weights: weightsOf(model) };
  } finally {
    model.dispose();
  }
}

/** Aborts when so many images are done. */
function abortingReporter(abort: AbortController, images: number): Reporter {
  return {
    ...SILENT_REPORTER,
    start: () => ({
      update(done) {
        if (done >= images) abort.abort();
      },
      end() {},
    }),
  };
}

describe('train', () => {
  before(needsTensorFlow);

  it('lowers the loss and raises the accuracy on a learnable data set', async () => {
    const recipe: Recipe = {
      ...RECIPE,
      epochs: 8,
      learningRate: { initial: 0.05, schedule: 'cosine' },
    };
    const dataset = memoryDataset({ classes: 2, images: 16 });
    const { result } = await trained({ recipe, dataset });
    const [first, last] = [result.epochs[0]!, result.epochs.at(-1)!];
    assert.ok(last.loss < 0.6 * first.loss, `${first.loss} to ${last.loss}`);
    assert.ok(last.accuracy > first.accuracy, `${first.accuracy} to ${last.accuracy} %`);
    assert.equal(result.epochs.length, 8);
    assert.equal(result.steps, 16);
    assert.equal(result.interrupted, false);
  });

  it('gives the same weights, bit for bit, for the same seed, and others for another', async () => {
    const [first, again, other] = [await trained(), await trained(), await trained({ seed: 4 })];
    assert.deepEqual(again.weights, first.weights);
    assert.deepEqual(again.result.epochs, first.result.epochs);
    assert.notDeepEqual(other.weights, first.weights);
  });

  it('takes `limit` images an epoch', async () => {
    const { result } = await trained({ limit: 8 });
    assert.deepEqual([result.steps, result.imagesPerEpoch], [2, 8]);
  });

  it('leaves out a last batch of fewer than 8 images unless it is the only one', async () => {
    const reporter = recordingReporter();
    const recipe: Recipe = { ...SHORT, batchSize: 10 };
    const steps = async (limit: number) => {
      const { result } = await trained({ limit, recipe, reporter });
      return [result.steps, result.imagesPerEpoch];
    };
    assert.deepEqual(await steps(16), [2, 10]); // of 10 and 6
    assert.equal(reporter.work[0]!.done, 20);
    assert.deepEqual(await steps(6), [2, 6]);
    const dataset = memoryDataset({ classes: TINY.classes, images: 20, broken: [3, 5, 7] });
    const { result } = await trained({ dataset, recipe }); // 10 and, 3 of them broken, 7
    assert.deepEqual([result.steps, result.imagesPerEpoch], [2, 20]);
  });

  it('takes whole batches of fewer than 8 images', async () => {
    const { result } = await trained({ limit: 5, recipe: { ...SHORT, batchSize: 2 } });
    assert.deepEqual([result.steps, result.imagesPerEpoch], [4, 4]);
  });

  it('takes every seed below 2³²', async () => {
    const { result } = await trained({ seed: 2 ** 32 - 1, limit: 8 });
    assert.equal(result.steps, 2);
  });

  it('stops at a loss that is no number, naming step and learning rate', async () => {
    const learningRate = { initial: 1e39, schedule: 'constant' } as const;
    await assert.rejects(trained({ recipe: { ...SHORT, learningRate } }), {
      name: 'UserError',
      message:
        /^Training diverged: the loss is (NaN|-?Infinity) at step 2 of 4, at learning rate 1e\+39$/,
      remedy: 'Train with a lower learning rate.',
    });
  });

  it('says so where the last step diverges', async () => {
    for (const [initial, message] of [
      [1e39, /^Training diverged: \S+ holds (NaN|-?Infinity) after step 1 of 1, at .* 1e\+39$/],
      [1e30, /^Training diverged: the loss is \S+ after step 1 of 1, at learning rate 1e\+30$/],
    ] as const) {
      const learningRate = { initial, schedule: 'constant' } as const;
      const recipe: Recipe = { ...SHORT, epochs: 1, learningRate };
      await assert.rejects(trained({ recipe, limit: 8 }), { name: 'UserError', message });
    }
  });

  it('stops after the step in progress when aborted', async () => {
    const abort = new AbortController();
    const { result } = await trained({
      signal: abort.signal,
      reporter: abortingReporter(abort, RECIPE.batchSize),
    });
    assert.equal(result.interrupted, true);
    assert.equal(result.steps, 1);
    assert.equal(result.epochs.length, 1);
  });

  it('takes no step when it was aborted before', async () => {
    const { result } = await trained({ signal: AbortSignal.abort() });
    assert.deepEqual([result.interrupted, result.steps, result.epochs.length], [true, 0, 0]);
  });

  it('names an image that cannot be read once, counts it and is not interrupted by it', async () => {
    const reporter = recordingReporter();
    const broken = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    const dataset = memoryDataset({ classes: TINY.classes, images: 16, broken });
    const { result } = await trained({ dataset, reporter });
    assert.equal(result.skipped, broken.length);
    assert.equal(result.interrupted, false);
    assert.deepEqual(
      [...reporter.messages].sort(),
      broken.map((index) => `skipped train/${index}: broken for a test`),
    );
  });

  it('refuses a data set of which no image can be read', async () => {
    const dataset = memoryDataset({ classes: TINY.classes, images: 2, broken: [0, 1] });
    await assert.rejects(trained({ dataset }), {
      name: 'UserError',
      message: 'Expected at least one training image of synthetic but 2 of 2 could not be read',
    });
  });

  it('ends its report once, after a failure too', async () => {
    const reporter = recordingReporter();
    await trained({ reporter });
    const learningRate = { initial: 1e39, schedule: 'constant' } as const;
    await assert.rejects(trained({ reporter, recipe: { ...SHORT, learningRate } }));
    assert.deepEqual(
      reporter.work.map(({ ends }) => ends),
      [1, 1],
    );
    assert.equal(reporter.work[0]!.done, 32);
  });

  it('leaves no tensor behind, and the model can be disposed of', async () => {
    const start = tf.memory().numTensors;
    const model = tinyModel();
    const built = tf.memory().numTensors;
    await train(model, options());
    assert.equal(tf.memory().numTensors, built);
    model.dispose();
    assert.equal(tf.memory().numTensors, start);
  });
});
