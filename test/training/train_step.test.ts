import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { logitsModel } from '../../architectures/build_model.ts';
import { FRIENDLY, STANDARD, type Variant } from '../../architectures/variants.ts';
import type { ImageBatch } from '../../datasets/dataset.ts';
import type { Recipe } from '../../training/recipe.ts';
import { type StepResult, TrainStep } from '../../training/train_step.ts';
import { randomizeWeights, TINY } from '../architectures/support.ts';
import { memoryDataset } from '../support/memory_dataset.ts';
import { needsTensorFlow } from '../support/needs_tensorflow.ts';
import { firstBatch, RECIPE, tinyModel, weightsOf } from './support.ts';

const DATASET = memoryDataset({ classes: TINY.classes, images: 20 });

/** Logits [N][classes] of a network in training mode, by its own layers. */
function trainingLogits(model: tf.LayersModel, batch: ImageBatch): number[][] {
  return tf.tidy(() => {
    const images = tf.tensor4d(batch.images, [...batch.shape]);
    return (logitsModel(model).apply(images, { training: true }) as tf.Tensor2D).arraySync();
  });
}

/** Mean of −Σ t·ln(softmax(z)) in double precision, t smoothed as in TF1. */
function crossEntropy(logits: number[][], labels: Int32Array, smoothing: number): number {
  const losses = logits.map((z, n) => {
    const most = Math.max(...z);
    const logSum = most + Math.log(z.reduce((sum, value) => sum + Math.exp(value - most), 0));
    return z.reduce((sum, value, k) => {
      const target = (k === labels[n] ? 1 - smoothing : 0) + smoothing / z.length;
      return sum + target * (logSum - value);
    }, 0);
  });
  return losses.reduce((a, b) => a + b) / losses.length;
}

function close(received: number, expected: number, tolerance: number, of: string): void {
  assert.ok(
    Math.abs(received - expected) <= tolerance,
    `expected ${expected} for ${of} but received ${received}`,
  );
}

describe('TrainStep', () => {
  let batch: ImageBatch;

  before(async function () {
    await needsTensorFlow.call(this);
    batch = await firstBatch(DATASET, RECIPE.batchSize);
  });

  it('gives the loss of a batch as inference has it, and changes nothing', () => {
    const model = tinyModel(RECIPE, STANDARD);
    randomizeWeights(model);
    const step = new TrainStep(model, RECIPE, false);
    const before = weightsOf(model);
    const logits = tf.tidy(() => {
      const images = tf.tensor4d(batch.images, [...batch.shape]);
      return (logitsModel(model).predict(images) as tf.Tensor2D).arraySync();
    });
    close(step.loss(batch), crossEntropy(logits, batch.labels, 0), 1e-4, 'the loss');
    assert.deepEqual(weightsOf(model), before);
    step.dispose();
    model.dispose();
  });

  /** One step of a fresh network whose weights are made up. */
  function stepOf(
    recipe: Recipe,
    variant: Variant,
    learningRate: number,
  ): { result: StepResult; before: Map<string, Float32Array>; after: Map<string, Float32Array> } {
    const model = tinyModel(recipe, variant);
    randomizeWeights(model);
    const step = new TrainStep(model, recipe, variant.regularizeDepthwise);
    const before = weightsOf(model);
    const result = step.run(batch, learningRate, 1);
    const after = weightsOf(model);
    step.dispose();
    model.dispose();
    return { result, before, after };
  }

  for (const labelSmoothing of [0, 0.1]) {
    it(`gives the mean cross-entropy of the batch with label smoothing ${labelSmoothing}`, () => {
      const model = tinyModel();
      randomizeWeights(model);
      const logits = trainingLogits(model, batch);
      const step = new TrainStep(model, { ...RECIPE, labelSmoothing }, false);
      const { loss, correct } = step.run(batch, 0, 1);
      close(loss, crossEntropy(logits, batch.labels, labelSmoothing), 1e-4 * loss, 'the loss');
      const right = logits.filter((z, n) => z.indexOf(Math.max(...z)) === batch.labels[n]);
      assert.equal(correct, right.length);
      step.dispose();
      model.dispose();
    });
  }

  /** g from the first step x = g / √(decay + (1 − decay)·g² + ε) of RMSProp, decay 0.9 and ε 1. */
  const gradientOf = (x: number) => (x * Math.sqrt(1.9)) / Math.sqrt(1 - 0.1 * x * x);
  const stepFor = (g: number) => g / Math.sqrt(1.9 + 0.1 * g * g);

  for (const variant of [STANDARD, FRIENDLY]) {
    const depthwise = variant.regularizeDepthwise ? 'and the depthwise ones' : 'not the depthwise';
    it(`${variant.name}: decays the kernels of convolutions, ${depthwise}, never biases, γ and β`, () => {
      const decays = { kernel: 0.3, depthwise_kernel: variant.regularizeDepthwise ? 0.7 : 0 };
      const none = { ...RECIPE, weightDecay: 0, depthwiseWeightDecay: 0 };
      const some = { ...RECIPE, weightDecay: 0.3, depthwiseWeightDecay: 0.7 };
      const rate = 0.25;
      const plain = stepOf(none, variant, rate);
      const decayed = stepOf(some, variant, rate);
      assert.equal(decayed.result.loss, plain.result.loss);
      const seen = new Set<string>();
      for (const [name, start] of plain.before) {
        const kind = name.slice(name.lastIndexOf('/') + 1);
        if (kind.startsWith('moving_')) continue;
        seen.add(kind);
        const decay = decays[kind as keyof typeof decays] ?? 0;
        const [without, received] = [plain.after.get(name)!, decayed.after.get(name)!];
        if (decay === 0) {
          assert.deepEqual(received, without, name);
          continue;
        }
        start.forEach((w, i) => {
          const gradient = gradientOf((w - without[i]!) / rate) + decay * w;
          close(received[i]!, w - rate * stepFor(gradient), 2e-5, `${name}[${i}]`);
        });
      }
      assert.deepEqual([...seen].sort(), ['beta', 'bias', 'depthwise_kernel', 'gamma', 'kernel']);
    });
  }

  it('moves the batch norms’ moving statistics by the recipe’s decay', () => {
    const recipe = { ...RECIPE, batchNormDecay: 0.75 };
    const { before, after } = stepOf(recipe, STANDARD, 0);
    const [mean, variance] = tf.tidy(() => {
      const images = tf.tensor4d(batch.images, [...batch.shape]);
      const kernel = tf.tensor4d(before.get('Conv2d_0/kernel')!, [3, 3, 3, 8]);
      const moments = tf.moments(tf.conv2d(images, kernel, 2, 'same'), [0, 1, 2]);
      return [moments.mean.dataSync(), moments.variance.dataSync()];
    });
    for (const [name, statistic] of Object.entries({
      moving_mean: mean!,
      moving_variance: variance!,
    })) {
      const weight = `Conv2d_0/BatchNorm/${name}`;
      after.get(weight)!.forEach((value, channel) => {
        const old = before.get(weight)![channel]!;
        // Bessel's correction over 8 · 16 · 16 values is below the tolerance.
        close(value, 0.75 * old + 0.25 * statistic[channel]!, 1e-3, `${weight}[${channel}]`);
      });
    }
  });

  it('draws a dropout mask a seed: another step another mask, the same seed the same mask', () => {
    const recipe = { ...RECIPE, dropout: 0.5 };
    const model = tinyModel(recipe);
    randomizeWeights(model);
    const step = new TrainStep(model, recipe, false);
    // Without a learning rate only the mask can change the loss.
    const losses = [1, 2, 1].map((seed) => step.run(batch, 0, seed).loss);
    assert.notEqual(losses[1], losses[0]);
    assert.equal(losses[2], losses[0]);
    step.dispose();
    model.dispose();
  });

  it('keeps no tensor but the optimizer’s two a variable', () => {
    const model = tinyModel();
    const start = tf.memory().numTensors;
    const step = new TrainStep(model, RECIPE, false);
    step.run(batch, 0.01, 1);
    assert.equal(tf.memory().numTensors, start + 2 * model.trainableWeights.length);
    step.run(batch, 0.01, 2);
    assert.equal(tf.memory().numTensors, start + 2 * model.trainableWeights.length);
    step.dispose();
    assert.equal(tf.memory().numTensors, start);
    model.dispose();
  });
});
