import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { logitsModel } from '../../architectures/logits_model.ts';
import { FRIENDLY, STANDARD } from '../../architectures/variants.ts';
import type { WeightTensor } from '../../checkpoints/weight_tensor.ts';
import { needsTensorFlow } from '../support/needs_tensorflow.ts';
import { assertClose } from '../training/compile/support.ts';
import {
  ADAM,
  batchOf,
  EVERYTHING,
  inputsOf,
  KINDS,
  plain,
  RMSPROP,
  runSteps,
  withStep,
} from '../training/step/support.ts';
import { weightsOf } from '../training/support.ts';

const AVERAGED = { ...RMSPROP, ...EVERYTHING };
/** Kernels, biases and batch norms of the short network: 9 convolutions with, one without. */
const WEIGHTS = 9 * 5 + 2;
const TRAINED = 9 * 3 + 2;

/** What the model itself says, apart from any step. */
function modelLogits(model: tf.LayersModel, images: Float32Array, shape: readonly number[]) {
  return tf.tidy(() => {
    const input = tf.tensor(images, [...shape]);
    return (logitsModel(model).predict(input) as tf.Tensor).dataSync<'float32'>().slice();
  });
}

for (const kind of KINDS) {
  describe(`state of the ${kind} step`, () => {
    before(needsTensorFlow);

    it('has weights, slots and averages by TensorFlow’s names', () => {
      withStep(kind, STANDARD, AVERAGED, (step) => {
        const state = step.readState();
        assert.equal(state.size, WEIGHTS + 2 * TRAINED + WEIGHTS);
        const names = [...state.keys()].filter((name) =>
          name.startsWith('Conv2d_0/BatchNorm/gamma'),
        );
        assert.deepEqual(names, [
          'Conv2d_0/BatchNorm/gamma',
          'Conv2d_0/BatchNorm/gamma/RMSProp',
          'Conv2d_0/BatchNorm/gamma/RMSProp_1',
          'Conv2d_0/BatchNorm/gamma/ExponentialMovingAverage',
        ]);
      });
      withStep(kind, STANDARD, ADAM, (step) => {
        const state = step.readState();
        assert.equal(state.size, WEIGHTS + 2 * TRAINED);
        const names = [...state.keys()].filter((name) => name.startsWith('Conv2d_0/kernel'));
        assert.deepEqual(names, [
          'Conv2d_0/kernel',
          'Conv2d_0/kernel/Adam',
          'Conv2d_0/kernel/Adam_1',
        ]);
      });
    });

    it('is read and written bit for bit', () => {
      withStep(kind, STANDARD, AVERAGED, (step) => {
        runSteps(step, AVERAGED, 0, 1);
        const state = new Map(
          [...step.readState()].map(([name, { shape, values }], index) => [
            name,
            { shape, values: values.map((_, i) => Math.fround(Math.sin(index + i / 3))) },
          ]),
        );
        step.writeState(state);
        assert.deepEqual(plain(step.readState()), plain(state));
      });
    });

    it('is read as copies', () => {
      withStep(kind, STANDARD, RMSPROP, (step) => {
        const first = step.readState();
        const before = plain(first);
        runSteps(step, RMSPROP, 0, 2);
        assert.deepEqual(plain(first), before);
        for (const { values } of first.values()) (values as Float32Array).fill(7);
        assert.notEqual(step.readState().get('Conv2d_0/kernel')!.values[0], 7);
      });
    });

    for (const recipe of [AVERAGED, { ...ADAM, ...EVERYTHING }]) {
      it(`${recipe.optimizer.kind}: 20 steps are 10 and, in another step from its state, 10 more, bit for bit`, () => {
        const whole = withStep(kind, FRIENDLY, recipe, (step) => ({
          losses: runSteps(step, recipe, 0, 20),
          state: plain(step.readState()),
        }));
        const half = withStep(kind, FRIENDLY, recipe, (step) => ({
          losses: runSteps(step, recipe, 0, 10),
          state: step.readState(),
        }));
        const rest = withStep(kind, FRIENDLY, recipe, (step) => {
          step.writeState(half.state);
          return { losses: runSteps(step, recipe, 10, 20), state: plain(step.readState()) };
        });
        assert.deepEqual([...half.losses, ...rest.losses], whole.losses);
        assert.deepEqual(rest.state, whole.state);
      });
    }

    const wrong: Readonly<
      Record<string, { change: (state: Map<string, WeightTensor>) => void; message: string }>
    > = {
      'a tensor that is missing': {
        change: (state) => state.delete('Conv2d_1c_1x1/bias/RMSProp'),
        message: 'Expected shape [5] for Conv2d_1c_1x1/bias/RMSProp but it is missing',
      },
      'a tensor of another shape': {
        change: (state) =>
          state.set('Conv2d_1c_1x1/bias', { shape: [1, 5], values: new Float32Array(5) }),
        message: 'Expected shape [5] for Conv2d_1c_1x1/bias but received [1,5]',
      },
      'a tensor with too few values': {
        change: (state) =>
          state.set('Conv2d_1c_1x1/bias', { shape: [5], values: new Float32Array(4) }),
        message: 'Expected 5 values for Conv2d_1c_1x1/bias but received 4',
      },
      'a tensor that is unknown': {
        change: (state) => state.set('step', { shape: [], values: Float32Array.of(3) }),
        message: `Expected the ${WEIGHTS + 2 * TRAINED} tensors of a training step but received step too`,
      },
    };
    it('refuses wrong states and stays as it is', () => {
      withStep(kind, STANDARD, RMSPROP, (step) => {
        runSteps(step, RMSPROP, 0, 1);
        const before = plain(step.readState());
        for (const [title, { change, message }] of Object.entries(wrong)) {
          const state = new Map(
            [...step.readState()].map(([name, { shape, values }]) => [
              name,
              { shape, values: values.map(() => 1) },
            ]),
          );
          change(state);
          assert.throws(
            () => step.writeState(state),
            { name: 'InvalidValueError', message },
            title,
          );
          assert.deepEqual(plain(step.readState()), before, title);
        }
      });
    });

    it('a batch of another size in between changes it as any batch does', () => {
      withStep(kind, STANDARD, RMSPROP, (step) => {
        withStep('eager', STANDARD, RMSPROP, (eager) => {
          for (const [index, size] of [8, 3, 8, 5].entries()) {
            eager.writeState(step.readState());
            const [batch, inputs] = [batchOf(size, index), inputsOf(index, RMSPROP)];
            const expected = eager.run(batch, inputs).loss;
            assertClose([step.run(batch, inputs).loss], [expected], 1e-6, 'the loss');
          }
          const { values } = step.readState().get('Conv2d_0/kernel')!;
          assertClose(values, eager.readState().get('Conv2d_0/kernel')!.values, 1e-5, 'the kernel');
        });
      });
    });

    it('predicts by the weights of now, and changes nothing', () => {
      withStep(kind, STANDARD, RMSPROP, (step, model) => {
        const { images, shape } = batchOf(6, 3);
        for (let i = 0; i < 2; i++) {
          runSteps(step, RMSPROP, i, i + 1);
          const before = plain(step.readState());
          const logits = step.predict(images, shape);
          assert.deepEqual(plain(step.readState()), before);
          step.updateModel();
          assertClose(logits, modelLogits(model, images, shape), 1e-5, 'the logits');
        }
      });
    });

    it('predicts by the averages where the recipe keeps them', () => {
      withStep(kind, STANDARD, AVERAGED, (step, model) => {
        runSteps(step, AVERAGED, 0, 3);
        const { images, shape } = batchOf(6, 3);
        const state = step.readState();
        const logits = step.predict(images, shape);
        assert.deepEqual(plain(step.readState()), plain(state));
        const trained = modelLogits(model, images, shape);
        step.updateModel();
        assertClose(logits, modelLogits(model, images, shape), 1e-5, 'the logits');
        assert.notDeepEqual(logits, trained);
        for (const [name, values] of weightsOf(model)) {
          assert.deepEqual(values, state.get(`${name}/ExponentialMovingAverage`)!.values, name);
        }
        // And while the model holds them.
        assert.deepEqual(step.predict(images, shape), logits);
      });
    });

    for (const recipe of [RMSPROP, AVERAGED]) {
      const averages = recipe === RMSPROP ? 'without' : 'with';
      it(`${averages} averages goes on from its own weights after updateModel`, () => {
        const undisturbed = withStep(kind, FRIENDLY, recipe, (step) => ({
          losses: runSteps(step, recipe, 0, 4),
          state: plain(step.readState()),
        }));
        const disturbed = withStep(kind, FRIENDLY, recipe, (step) => {
          const losses = runSteps(step, recipe, 0, 2);
          step.updateModel();
          step.updateModel();
          const { images, shape } = batchOf(2, 0);
          step.predict(images, shape);
          losses.push(...runSteps(step, recipe, 2, 3));
          step.updateModel();
          step.readState();
          losses.push(...runSteps(step, recipe, 3, 4));
          step.updateModel();
          return { losses, state: plain(step.readState()) };
        });
        assert.deepEqual(disturbed, undisturbed);
      });
    }

    it('a state that is written after updateModel counts', () => {
      withStep(kind, STANDARD, AVERAGED, (step) => {
        const start = step.readState();
        const [loss] = runSteps(step, AVERAGED, 0, 1);
        step.updateModel();
        step.writeState(start);
        assert.deepEqual(plain(step.readState()), plain(start));
        assert.deepEqual(runSteps(step, AVERAGED, 0, 1), [loss]);
      });
    });

    it('leaves the model the weights of updateModel when it is disposed of', () => {
      let expected: Map<string, Float32Array> | undefined;
      const model = withModelKept((step, kept) => {
        runSteps(step, AVERAGED, 0, 2);
        step.updateModel();
        expected = weightsOf(kept);
      });
      assert.deepEqual(weightsOf(model), expected);
      model.dispose();
    });

    /** As `withStep`, but the model outlives it. */
    function withModelKept(body: Parameters<typeof withStep<void>>[3]): tf.LayersModel {
      let kept!: tf.LayersModel;
      withStep(kind, STANDARD, AVERAGED, (step, model) => {
        body(step, model);
        kept = model;
        const dispose = model.dispose.bind(model);
        model.dispose = () => {
          model.dispose = dispose;
          return { refCountAfterDispose: 1, numDisposedVariables: 0 };
        };
      });
      return kept;
    }
  });
}
