/**
 * A program: times training steps of a network with random weights on images that show nothing, and
 * prints the images per second of the fastest step. Its argument is a `StepShape` in JSON.
 */
import { buildNetwork } from '../../architectures/network.ts';
import type { LabelledBatch } from '../../datasets/dataset.ts';
import { SILENT_REPORTER } from '../../foundation/reporting/reporter.ts';
import { requireTensorFlow } from '../backend.ts';
import { SCRATCH_SMALL } from '../recipes/recipes.ts';
import { createTrainStep } from '../step/create_train_step.ts';
import type { StepShape } from './step_shape.ts';

/** The first compiles, the next meet cold memory. */
const WARM_UP_STEPS = 2;
const LEAST_STEPS = 3;
const LEAST_MS = 2_000;
/** So small that no weight overflows. */
const LEARNING_RATE = 1e-9;

const { config, batchSize, distilled }: StepShape = JSON.parse(process.argv[2]);
await requireTensorFlow('A trial of training steps');
const model = buildNetwork(config, { seed: 0 });
const teacher = distilled ? buildNetwork(config, { seed: 1 }) : undefined;
const recipe = { ...SCRATCH_SMALL, batchSize, resolution: config.resolution };
const step = await createTrainStep(model, recipe, {
  regularizeDepthwise: false,
  ...(teacher && { teacher: { model: teacher, weight: 0.5, temperature: 1 } }),
  reporter: SILENT_REPORTER,
});

const shape = [batchSize, config.resolution, config.resolution, 3] as const;
const batch: LabelledBatch = {
  images: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => 2 * Math.random() - 1),
  shape,
  labels: Int32Array.from({ length: batchSize }, (_, n) => n % config.classes),
  names: Array.from({ length: batchSize }, (_, n) => `noise/${n}`),
  position: batchSize,
};

let steps = 0;
/** Milliseconds of a step. */
const takeStep = () => {
  const start = performance.now();
  step.run(batch, { learningRate: LEARNING_RATE, seed: steps, step: steps });
  steps++;
  return performance.now() - start;
};
while (steps < WARM_UP_STEPS) takeStep();
const start = performance.now();
// The fastest: what else the machine does for a while only slows steps down.
let fastestMs = Infinity;
while (steps < WARM_UP_STEPS + LEAST_STEPS || performance.now() - start < LEAST_MS) {
  fastestMs = Math.min(fastestMs, takeStep());
}
process.stdout.write(`images per second: ${batchSize / (fastestMs / 1000)}\n`);
