import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { logitsModel } from '../../../architectures/logits_model.ts';
import { FRIENDLY, STANDARD, type Variant } from '../../../architectures/variants.ts';
import type { LabelledBatch } from '../../../datasets/dataset.ts';
import type { Recipe } from '../../../training/recipes/recipe.ts';
import type { StepResult } from '../../../training/step/train_step.ts';
import { randomizeWeights, TINY } from '../../architectures/support.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { memory } from '../compile/support.ts';
import { tinyModel, weightsOf } from '../support.ts';
import { batchOf, EVERYTHING, KINDS, type Kind, RMSPROP, STEPS, withStep } from './support.ts';

const RATE = 0.25;
const AT = { learningRate: RATE, seed: 1, step: 0 };

/** Logits [N][classes] of a network in training mode, by TensorFlow.js' own layers. */
function trainingLogits(model: tf.LayersModel, batch: LabelledBatch): number[][] {
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

for (const kind of KINDS) {
  describe(`${kind} step`, () => {
    const batch = (): LabelledBatch => batchOf(8, 0);

    before(needsTensorFlow);

    /** One step of a fresh network whose weights are made up. */
    function stepOf(
      recipe: Recipe,
      variant: Variant,
      inputs = AT,
    ): {
      result: StepResult;
      before: Map<string, Float32Array>;
      after: Map<string, Float32Array>;
      logits: number[][];
    } {
      const model = tinyModel(recipe, variant);
      randomizeWeights(model);
      const before = weightsOf(model);
      const logits = trainingLogits(model, batch());
      model.setWeights(tensorsOf(model, before)); // The moving statistics have moved.
      const { regularizeDepthwise } = variant;
      const step = new STEPS[kind](model, recipe, { regularizeDepthwise });
      const result = step.run(batch(), inputs);
      step.updateModel();
      const after = weightsOf(model);
      step.dispose();
      model.dispose();
      return { result, before, after, logits };
    }

    function tensorsOf(model: tf.LayersModel, values: Map<string, Float32Array>): tf.Tensor[] {
      return model.weights.map(({ originalName, shape }) =>
        tf.tensor(values.get(originalName)!, [...shape] as number[]),
      );
    }

    for (const labelSmoothing of [0, 0.1]) {
      it(`gives the mean cross-entropy of the batch with label smoothing ${labelSmoothing}`, () => {
        const { result, logits } = stepOf({ ...RMSPROP, labelSmoothing }, STANDARD);
        const { labels } = batch();
        const expected = crossEntropy(logits, labels, labelSmoothing);
        close(result.loss, expected, 1e-4 * expected, 'the loss');
        const right = logits.filter((z, n) => z.indexOf(Math.max(...z)) === labels[n]);
        assert.equal(result.correct, right.length);
      });
    }

    /** g from the first step x = g / √(decay + (1 − decay)·g² + ε) of RMSProp, decay 0.9 and ε 1. */
    const gradientOf = (x: number) => (x * Math.sqrt(1.9)) / Math.sqrt(1 - 0.1 * x * x);
    const stepFor = (g: number) => g / Math.sqrt(1.9 + 0.1 * g * g);

    for (const variant of [STANDARD, FRIENDLY]) {
      const depthwise = variant.regularizeDepthwise
        ? 'and the depthwise ones'
        : 'not the depthwise';
      it(`${variant.name}: decays the kernels of convolutions, ${depthwise}, never biases, γ and β`, () => {
        const decays = { kernel: 0.3, depthwise_kernel: variant.regularizeDepthwise ? 0.7 : 0 };
        const plain = stepOf(RMSPROP, variant);
        const decayed = stepOf(
          { ...RMSPROP, weightDecay: 0.3, depthwiseWeightDecay: 0.7 },
          variant,
        );
        assert.equal(decayed.result.loss, plain.result.loss);
        const seen = new Set<string>();
        for (const [name, start] of plain.before) {
          const suffix = name.slice(name.lastIndexOf('/') + 1);
          if (suffix.startsWith('moving_')) continue;
          seen.add(suffix);
          const decay = decays[suffix as keyof typeof decays] ?? 0;
          const [without, received] = [plain.after.get(name)!, decayed.after.get(name)!];
          if (decay === 0) {
            assert.deepEqual(received, without, name);
            continue;
          }
          start.forEach((w, i) => {
            const gradient = gradientOf((w - without[i]) / RATE) + decay * w;
            close(received[i], w - RATE * stepFor(gradient), 2e-5, `${name}[${i}]`);
          });
        }
        assert.deepEqual([...seen].sort(), ['beta', 'bias', 'depthwise_kernel', 'gamma', 'kernel']);
      });
    }

    it('moves the batch norms’ moving statistics by the recipe’s decay', () => {
      const recipe = { ...RMSPROP, batchNormDecay: 0.75 };
      const { before, after } = stepOf(recipe, STANDARD);
      const [mean, variance] = tf.tidy(() => {
        const { images, shape } = batch();
        const kernel = tf.tensor4d(before.get('Conv2d_0/kernel')!, [3, 3, 3, 8]);
        const features = tf.conv2d(tf.tensor4d(images, [...shape]), kernel, 2, 'same');
        const moments = tf.moments(features, [0, 1, 2]);
        return [moments.mean.dataSync(), moments.variance.dataSync()];
      });
      for (const [name, statistic] of Object.entries({
        moving_mean: mean,
        moving_variance: variance.map((value) => (value * 2048) / 2047), // 8 · 16 · 16 values
      })) {
        const weight = `Conv2d_0/BatchNorm/${name}`;
        after.get(weight)!.forEach((value, channel) => {
          const old = before.get(weight)![channel];
          close(value, 0.75 * old + 0.25 * statistic[channel], 1e-5, `${weight}[${channel}]`);
        });
      }
    });

    it('draws a dropout mask a seed: another seed another mask, the same seed the same mask', () => {
      withStep(kind, STANDARD, { ...RMSPROP, dropout: 0.5 }, (step) => {
        // Without a learning rate only the mask can change the loss.
        const losses = [1, 2, 1, 2 ** 32 - 1].map(
          (seed) => step.run(batch(), { learningRate: 0, seed, step: 0 }).loss,
        );
        assert.equal(new Set(losses).size, 3);
        assert.equal(losses[2], losses[0]);
      });
    });

    it('averages the weights by min(decay, (1 + step) / (10 + step)), the step counted when it is done', () => {
      const recipe = { ...RMSPROP, movingAverageDecay: 0.25 };
      withStep(kind, STANDARD, recipe, (step) => {
        const name = 'Conv2d_0/kernel';
        const numbers = () => {
          const state = step.readState();
          const average = state.get(`${name}/ExponentialMovingAverage`)!;
          return { weight: state.get(name)!.values, average: average.values };
        };
        let { weight, average } = numbers();
        assert.deepEqual(average, weight);
        for (const [stepsBefore, decay] of [
          [0, 2 / 11],
          [1, 3 / 12],
          [2, 0.25], // 4 / 13 is more
          [500, 0.25],
        ] as const) {
          step.run(batch(), { learningRate: 0.5, seed: 1, step: stepsBefore });
          const before = average;
          ({ weight, average } = numbers());
          average.forEach((value, i) => {
            const expected = decay * before[i] + (1 - decay) * weight[i];
            close(value, expected, 1e-6, `${name}[${i}] after ${stepsBefore}`);
          });
        }
      });
    });

    it('NaN among the images gives a NaN loss and no error', () => {
      withStep(kind, STANDARD, RMSPROP, (step) => {
        const broken = batch();
        broken.images[5] = Number.NaN;
        assert.ok(Number.isNaN(step.run(broken, AT).loss));
        assert.ok(step.readState().get('Conv2d_0/kernel')!.values.every(Number.isNaN));
      });
    });

    it('a label beyond the classes counts as none', () => {
      withStep(kind, STANDARD, RMSPROP, (step) => {
        const { labels, ...rest } = batch();
        const result = step.run({ ...rest, labels: labels.map(() => TINY.classes) }, AT);
        assert.deepEqual(result, { loss: 0, correct: 0 });
      });
    });

    it('holds its state and nothing else until it is disposed of', () => {
      const recipe = { ...RMSPROP, ...EVERYTHING };
      const model = tinyModel(recipe);
      run(kind); // The first use of a network makes what TensorFlow.js keeps of it.
      const start = memory();
      run(kind);
      assert.deepEqual(memory(), start);
      model.dispose();

      function run(of: Kind): void {
        const step = new STEPS[of](model, recipe, { regularizeDepthwise: false });
        const { images, shape } = batch();
        step.run(batch(), AT);
        step.predict(images, shape);
        const held = memory().numTensors;
        for (let i = 0; i < 3; i++) {
          step.run(batch(), AT);
          step.predict(images, shape);
          step.writeState(step.readState());
          step.updateModel();
        }
        step.run(batch(), AT);
        assert.equal(memory().numTensors, held);
        step.updateModel();
        step.dispose();
      }
    });
  });
}
