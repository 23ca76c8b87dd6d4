import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { logitsModel } from '../../../architectures/logits_model.ts';
import { FRIENDLY } from '../../../architectures/variants.ts';
import type { WeightTensor } from '../../../checkpoints/weight_tensor.ts';
import type { LabelledBatch } from '../../../datasets/dataset.ts';
import type { Distillation } from '../../../training/recipes/recipe.ts';
import type { Teacher } from '../../../training/step/soft_targets.ts';
import type { LocalTrainStep } from '../../../training/step/train_step.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { memory } from '../compile/support.ts';
import { weightsOf } from '../support.ts';
import { batchOf, KINDS, plain, RMSPROP, runSteps, withStep, withTeacher } from './support.ts';

const STILL = { learningRate: 0, seed: 1, step: 0 };

function logitsOf(model: tf.LayersModel, batch: LabelledBatch, training: boolean): number[][] {
  return tf.tidy(() => {
    const images = tf.tensor4d(batch.images, [...batch.shape]);
    return (logitsModel(model).apply(images, { training }) as tf.Tensor2D).arraySync();
  });
}

/** ln softmax(z/T) in double precision. */
function logSoftmax(z: readonly number[], temperature = 1): number[] {
  const scaled = z.map((value) => value / temperature);
  const most = Math.max(...scaled);
  const logSum = most + Math.log(scaled.reduce((sum, value) => sum + Math.exp(value - most), 0));
  return scaled.map((value) => value - logSum);
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b) / values.length;
}

for (const kind of KINDS) {
  describe(`${kind} step with a teacher`, () => {
    before(needsTensorFlow);

    function withPupil<T>(
      distillation: Distillation,
      body: (step: LocalTrainStep, model: tf.LayersModel, teacher: Teacher) => T,
    ): T {
      return withTeacher(distillation, (teacher) =>
        withStep(kind, FRIENDLY, RMSPROP, (step, model) => body(step, model, teacher), teacher),
      );
    }

    it('gives (1 − weight) · cross-entropy + weight · T² · KL, the teacher as inference has it', () => {
      const [weight, temperature] = [0.3, 2.5];
      withPupil({ weight, temperature }, (step, model, teacher) => {
        const batch = batchOf(8, 0);
        const { loss } = step.run(batch, STILL);
        const targets = logitsOf(teacher.model, batch, false);
        const losses = logitsOf(model, batch, true).map((z, n) => {
          const p = logSoftmax(targets[n], temperature);
          const q = logSoftmax(z, temperature);
          const divergence = p.reduce((sum, lnP, k) => sum + Math.exp(lnP) * (lnP - q[k]), 0);
          const crossEntropy = -logSoftmax(z)[batch.labels[n]];
          return (1 - weight) * crossEntropy + weight * temperature ** 2 * divergence;
        });
        const expected = mean(losses);
        assert.ok(Math.abs(loss - expected) <= 1e-4 * expected, `${loss}, expected ${expected}`);
      });
    });

    it('of weight 0 trains as without one, bit for bit', () => {
      const trained = (step: LocalTrainStep) => [
        runSteps(step, RMSPROP, 0, 3),
        plain(step.readState()),
      ];
      const alone = withStep(kind, FRIENDLY, RMSPROP, trained);
      assert.deepEqual(withPupil({ weight: 0, temperature: 4 }, trained), alone);
    });

    it('of weight 1 trains without a look at the labels', () => {
      const trained = (labels: (batch: LabelledBatch) => Int32Array) =>
        withPupil({ weight: 1, temperature: 4 }, (step) => {
          const batch = batchOf(8, 0);
          const inputs = { learningRate: 0.01, seed: 1, step: 0 };
          const { loss } = step.run({ ...batch, labels: labels(batch) }, inputs);
          return [loss, plain(step.readState())];
        });
      const wrong = trained(({ labels }) => labels.map((label) => (label + 1) % 5));
      assert.deepEqual(
        wrong,
        trained(({ labels }) => labels),
      );
    });

    it('follows the gradient of that loss, measured by finite differences', () => {
      withPupil({ weight: 0.7, temperature: 3 }, (step) => {
        const batch = batchOf(8, 0);
        const start = step.readState();
        const rate = 0.25;
        step.run(batch, { ...STILL, learningRate: rate });
        const after = step.readState();
        const lossAt = (name: string, values: Float32Array): number => {
          const moved: WeightTensor = { ...start.get(name)!, values };
          step.writeState(new Map([...start, [name, moved]]));
          return step.run(batch, STILL).loss;
        };
        for (const name of [
          'Conv2d_0/kernel',
          'Conv2d_12_pointwise/kernel',
          'Conv2d_13_pointwise/BatchNorm/gamma',
          'Conv2d_1c_1x1/kernel',
          'Conv2d_1c_1x1/bias',
        ]) {
          const from = start.get(name)!.values as Float32Array;
          const to = after.get(name)!.values;
          // From RMSProp's first step x = g / √(0.9 + 0.1·g² + 1).
          const gradient = from.map((value, i) => {
            const x = (value - to[i]) / rate;
            return (x * Math.sqrt(1.9)) / Math.sqrt(1 - 0.1 * x * x);
          });
          const norm = Math.hypot(...gradient);
          const distance = 0.0004;
          const along = (sign: number) =>
            from.map((value, i) => value + (sign * distance * gradient[i]) / norm);
          const slope = (lossAt(name, along(1)) - lossAt(name, along(-1))) / (2 * distance);
          assert.ok(Math.abs(slope - norm) <= 0.03 * norm, `${name}: ${slope}, gradient ${norm}`);
        }
      });
    });

    it('leaves the teacher as it is, and keeps nothing of it in the state', () => {
      const names = withStep(kind, FRIENDLY, RMSPROP, (step) => [...step.readState().keys()]);
      withPupil({ weight: 0.5, temperature: 4 }, (step, _, teacher) => {
        const before = weightsOf(teacher.model);
        runSteps(step, RMSPROP, 0, 2);
        assert.deepEqual([...step.readState().keys()], names);
        step.updateModel();
        assert.deepEqual(weightsOf(teacher.model), before);
      });
    });

    it('leaves no tensor behind', () => {
      const start = memory();
      withPupil({ weight: 0.5, temperature: 4 }, (step) => runSteps(step, RMSPROP, 0, 2));
      assert.deepEqual(memory(), start);
    });
  });
}
