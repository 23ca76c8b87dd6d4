import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { holdOutValidation } from '../../../datasets/order/hold_out.ts';
import { SILENT_REPORTER } from '../../../foundation/reporting/reporter.ts';
import { train } from '../../../training/loop/train.ts';
import type { TrainOptions } from '../../../training/loop/train_options.ts';
import type { Recipe } from '../../../training/recipes/recipe.ts';
import { FINETUNE } from '../../../training/recipes/recipes.ts';
import { createTrainStep } from '../../../training/step/create_train_step.ts';
import { TINY } from '../../architectures/support.ts';
import { memoryDataset } from '../../support/memory_dataset.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { RECIPE, tinyModel, weightsOf } from '../support.ts';
import { abortingReporter } from './aborting_reporter.ts';
import { MemoryCheckpoints } from './memory_checkpoints.ts';
import { optionsOf } from './options_of.ts';

const DATASET = memoryDataset({ classes: TINY.classes, images: 16 });

const SHORT: Recipe = {
  ...RECIPE,
  resolution: TINY.resolution,
  budget: { epochs: 2 },
  dropout: 0.1,
};
const ADAM: Recipe = { ...SHORT, optimizer: FINETUNE.optimizer, movingAverageDecay: 0.9 };

/** Trains a fresh network; always from the same start weights. */
async function trained(changes: Partial<TrainOptions> = {}, eager = true) {
  const options = optionsOf({ dataset: DATASET, recipe: SHORT })(changes);
  const model = tinyModel(options.recipe);
  const step = await createTrainStep(model, options.recipe, {
    regularizeDepthwise: false,
    eager,
    reporter: SILENT_REPORTER,
  });
  try {
    const result = await train(step, options);
    step.updateModel();
    return { result, weights: weightsOf(model) };
  } finally {
    step.dispose();
    model.dispose();
  }
}

describe('train, a network', () => {
  before(needsTensorFlow);

  it('lowers the loss and raises the accuracy on a learnable data set', async () => {
    const recipe: Recipe = {
      ...SHORT,
      dropout: 0,
      budget: { epochs: 8 },
      learningRate: { schedule: 'cosine', initial: 0.05 },
    };
    const dataset = memoryDataset({ classes: 2, images: 16 });
    const { result } = await trained({ recipe, dataset });
    const [first, last] = [result.epochs[0], result.epochs.at(-1)!];
    assert.ok(last.loss < 0.6 * first.loss, `${first.loss} to ${last.loss}`);
    assert.ok(last.accuracy > first.accuracy, `${first.accuracy} to ${last.accuracy} %`);
  });

  it('gives the same weights, bit for bit, for the same seed, and others for another', async () => {
    const [first, again, other] = [await trained(), await trained(), await trained({ seed: 4 })];
    assert.deepEqual(again.weights, first.weights);
    assert.deepEqual(again.result.epochs, first.result.epochs);
    assert.notDeepEqual(other.weights, first.weights);
  });

  for (const [what, recipe, eager] of [
    ['eager, RMSProp', SHORT, true],
    ['eager, Adam and moving averages', ADAM, true],
    ['compiled, Adam and moving averages', ADAM, false],
  ] as const) {
    it(`resumes to the weights of the run that was not interrupted (${what})`, async () => {
      const images = memoryDataset({ classes: TINY.classes, images: 24 });
      const common = { dataset: holdOutValidation(images, 8, 0), recipe };
      const whole = await trained(common, eager);
      const folder = new MemoryCheckpoints();
      const abort = new AbortController();
      const reporter = abortingReporter(abort, 3 * recipe.batchSize);
      const checkpoints = { folder };
      await trained({ ...common, checkpoints, signal: abort.signal, reporter }, eager);
      assert.deepEqual(folder.steps, [3]);
      const resumed = await trained({ ...common, resume: folder.saved[0] }, eager);
      assert.deepEqual(resumed.weights, whole.weights);
      assert.deepEqual(resumed.result.epochs, whole.result.epochs);
    });
  }

  it('stops at a loss that is no number, naming step and learning rate', async () => {
    const recipe: Recipe = { ...SHORT, learningRate: { schedule: 'constant', initial: 1e39 } };
    await assert.rejects(trained({ recipe }), {
      name: 'DivergenceError',
      message: /^Training diverged: the loss is \S+ at step 2 of 4, at learning rate 1e\+39$/,
    });
  });

  it('leaves no tensor behind', async () => {
    const start = tf.memory().numTensors;
    await trained();
    assert.equal(tf.memory().numTensors, start);
  });
});
