import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { buildNetwork } from '../../architectures/network.ts';
import type { WeightTensor } from '../../checkpoints/weight_tensor.ts';
import type { LabelledBatch } from '../../datasets/dataset.ts';
import type { LocalTrainStep } from '../../training/step/train_step.ts';
import { SMALL_INCEPTION } from '../architectures/support.ts';
import { needsTensorFlow } from '../support/needs_tensorflow.ts';
import { EVERYTHING, inputsOf, type Kind, RMSPROP, STEPS } from '../training/step/support.ts';

const RECIPE = { ...RMSPROP, ...EVERYTHING };

function withStep<T>(kind: Kind, body: (step: LocalTrainStep) => T): T {
  const { dropout, batchNormDecay } = RECIPE;
  const model = buildNetwork(SMALL_INCEPTION, { dropout, batchNormDecay, seed: 1 });
  const step = new STEPS[kind](model, RECIPE, { regularizeDepthwise: false });
  try {
    return body(step);
  } finally {
    step.dispose();
    model.dispose();
  }
}

/** Noise around a brightness of its own for each class. */
function batchOf(size: number, seed: number): LabelledBatch {
  const { resolution, classes } = SMALL_INCEPTION;
  const shape = [size, resolution, resolution, 3] as const;
  const labels = Int32Array.from({ length: size }, (_, n) => (n + seed) % classes);
  const images = tf.tidy(() =>
    tf
      .randomUniform([...shape], -0.5, 0.5, 'float32', seed + 1)
      .add(tf.tensor(labels).div(classes).sub(0.5).reshape([size, 1, 1, 1]))
      .dataSync<'float32'>()
      .slice(),
  );
  return { images, shape, labels, names: Array.from(labels, String), position: size };
}

/** |a − b| over all tensors whose names end so, as a share of the way that b has come. */
function distance(
  ending: string,
  a: ReadonlyMap<string, WeightTensor>,
  b: ReadonlyMap<string, WeightTensor>,
  start: ReadonlyMap<string, WeightTensor>,
): number {
  let [apart, way] = [0, 0];
  for (const [name, { values }] of b) {
    if (!name.endsWith(ending)) continue;
    values.forEach((value, i) => {
      apart += (value - a.get(name)!.values[i]) ** 2;
      way += (value - start.get(name)!.values[i]) ** 2;
    });
  }
  return Math.sqrt(apart / way);
}

describe('training step of InceptionV3', () => {
  before(needsTensorFlow);

  it('compiled and eager agree on loss, weights, slots, averages and statistics', () => {
    withStep('eager', (eager) => {
      withStep('compiled', (compiled) => {
        let before = eager.readState();
        for (let step = 0; step < 2; step++) {
          compiled.writeState(before);
          const [batch, inputs] = [batchOf(8, step), inputsOf(step, RECIPE)];
          const expected = eager.run(batch, inputs);
          const received = compiled.run(batch, inputs);
          assert.ok(Math.abs(received.loss - expected.loss) <= 1e-5 * expected.loss);
          const after = eager.readState();
          const state = compiled.readState();
          assert.deepEqual([...state.keys()], [...after.keys()]);
          for (const ending of [
            '/kernel',
            '/beta',
            '/moving_mean',
            '/moving_variance',
            'Average',
          ]) {
            const apart = distance(ending, state, after, before);
            assert.ok(apart <= 1e-3, `step ${step}: ${ending} is ${apart} of the way apart`);
          }
          before = after;
        }
      });
    });
  });

  it('has no weight γ, and every weight that it has is trained or a statistic', () => {
    withStep('compiled', (step) => {
      const names = [...step.readState().keys()];
      assert.ok(names.every((name) => !name.includes('gamma')));
      assert.equal(names.filter((name) => name.endsWith('/beta')).length, 94);
    });
  });
});
