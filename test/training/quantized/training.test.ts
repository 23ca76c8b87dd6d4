import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { holdOutValidation } from '../../../datasets/order/hold_out.ts';
import type { QuantizedGraph } from '../../../quantize/convert/quantize_graph.ts';
import { AS_PUBLISHED } from '../../../quantize/convert/recipe.ts';
import { train } from '../../../training/loop/train.ts';
import { GraphNetwork } from '../../../training/quantized/graph_network.ts';
import {
  QuantizedNetwork,
  type QuantizedTraining,
} from '../../../training/quantized/quantized_network.ts';
import type { Recipe } from '../../../training/recipes/recipe.ts';
import { FINETUNE } from '../../../training/recipes/recipes.ts';
import { CompiledStep } from '../../../training/step/compiled_step.ts';
import { EagerStep } from '../../../training/step/eager_step.ts';
import { type Layers, networkOf } from '../../quantize/convert/support.ts';
import { memoryDataset } from '../../support/memory_dataset.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { assertClose } from '../compile/support.ts';
import { MemoryCheckpoints } from '../loop/memory_checkpoints.ts';
import { optionsOf } from '../loop/options_of.ts';
import { assertSameBytes, FAMILIES, LEARNED, startOfModel, TINY } from './support.ts';

const CLASSES = 5;
const SIDE = 32;

const RECIPE: Recipe = {
  ...FINETUNE,
  dropout: 0,
  weightDecay: 0,
  batchSize: 8,
  budget: { epochs: 2 },
  distillation: { weight: 1, temperature: 1 },
};

const DATASET = holdOutValidation(memoryDataset({ classes: CLASSES, images: 40 }), 8, 0);
const options = optionsOf({ dataset: DATASET, recipe: RECIPE });

const AT = { learningRate: 0.001, seed: 1, progress: 0 };

describe('a quantized network in the training loop', () => {
  let start: QuantizedGraph;
  /** Of inverted residuals: quantization changes its logits by more than sums in another order do. */
  let residual: QuantizedGraph;

  before(async function () {
    await needsTensorFlow.call(this);
    const startFrom = async (layers: Layers) => {
      const model = networkOf([SIDE, SIDE, 3], layers);
      try {
        return await startOfModel(model, AS_PUBLISHED);
      } finally {
        model.dispose();
      }
    };
    start = await startFrom(TINY);
    residual = await startFrom(FAMILIES.MobileNetV2);
  });

  /** A network of its own with a step and the float graph as its teacher. */
  async function withStep<T>(
    Step: typeof EagerStep | typeof CompiledStep,
    changes: Partial<QuantizedTraining>,
    body: (step: EagerStep | CompiledStep, network: QuantizedNetwork) => Promise<T>,
    { graph, model } = start,
  ): Promise<T> {
    const network = new QuantizedNetwork(graph, model, { ...LEARNED, ...changes });
    const teacher = new GraphNetwork(graph, graph.outputs[0]);
    const step = new Step(network, RECIPE, {
      regularizeDepthwise: false,
      teacher: { model: teacher, ...RECIPE.distillation! },
    });
    try {
      return await body(step, network);
    } finally {
      step.dispose();
      network.dispose();
      teacher.dispose();
    }
  }

  async function firstBatch() {
    const batches = DATASET.batches({ split: 'train', batchSize: 8, resolution: SIDE });
    for await (const batch of batches) return batch;
    throw new Error('no batch');
  }

  const rules = [
    { ranges: 'learned', batchNorms: 'frozen' },
    { ranges: 'observed', batchNorms: 're-estimated' },
  ] as const;
  for (const { ranges, batchNorms } of rules) {
    it(`takes the same steps compiled and eager, with ranges ${ranges}, batch norms ${batchNorms} and weights dampened`, async () => {
      const batch = await firstBatch();
      const states = [];
      for (const Step of [EagerStep, CompiledStep]) {
        const changes = { ranges, batchNorms, dampening: 0.1, freezeAfter: 0.6 };
        const run = async (step: EagerStep | CompiledStep) => {
          const losses = [0, 1, 2].map(
            (n) => step.run(batch, { ...AT, step: n, progress: n / 3 }).loss,
          );
          return { losses, state: step.readState() };
        };
        states.push(await withStep(Step, changes, run, residual));
      }
      const [eager, compiled] = states;
      assertClose(compiled.losses, eager.losses, 1e-4, 'the losses');
      for (const [name, { values }] of eager.state) {
        if (/Adam/.test(name)) continue;
        assertClose(compiled.state.get(name)!.values, values, 2e-2, name);
      }
    });
  }

  it('brings the TF8 network nearer to the float one, and ends with the bytes of the executor', async () => {
    await withStep(CompiledStep, {}, async (step, network) => {
      const long = { ...RECIPE, budget: { epochs: 6 } };
      const { epochs } = await train(step, options({ recipe: long }));
      const losses = epochs.map(({ loss }) => loss);
      assert.ok(losses[5] < 0.7 * losses[0], `${losses}`);
      step.updateModel();
      const { images, shape } = await firstBatch();
      const bytes = tf.tidy(() => network.bytes(tf.tensor4d(images, [...shape])));
      assertSameBytes(bytes, network.tf8Model(), images);
      tf.dispose(bytes);
    });
  });

  it('stays where it is from the share of the run on at which ranges freeze', async () => {
    const batch = await firstBatch();
    await withStep(CompiledStep, { freezeAfter: 0.5 }, async (step) => {
      const rangesAt = (progress: number) => {
        step.run(batch, { ...AT, step: 0, progress });
        const held = [...step.readState()].filter(([name]) => name.endsWith('/range'));
        return held.map(([, { values }]) => [...values]);
      };
      rangesAt(0); // The first step uses ranges as they are, and changes them afterwards.
      const moving = rangesAt(0.49);
      assert.notDeepEqual(moving, rangesAt(0.499));
      const frozen = rangesAt(0.5);
      assert.deepEqual(rangesAt(0.9), frozen);
    });
  });

  for (const batchNorms of ['frozen', 're-estimated'] as const) {
    it(`ends, where it was resumed, with the bits of one that was not, batch norms ${batchNorms}`, async () => {
      const whole = await withStep(CompiledStep, { batchNorms }, async (step) => {
        await train(step, options());
        return step.readState();
      });
      const folder = new MemoryCheckpoints();
      await withStep(CompiledStep, { batchNorms }, async (step) => {
        await train(step, options({ checkpoints: { folder, everySteps: 3 } }));
      });
      const resume = folder.saved.find(({ step }) => step === 3)!;
      assert.ok(resume, `checkpoints at ${folder.steps}`);
      const resumed = await withStep(CompiledStep, { batchNorms }, async (step) => {
        await train(step, options({ resume }));
        return step.readState();
      });
      for (const [name, { values }] of whole) {
        assert.deepEqual([...resumed.get(name)!.values], [...values], name);
      }
    });
  }
});
