/** Trains and tells the parent process what is held after every 100 steps. */
import * as tf from '@tensorflow/tfjs';
import { buildMobileNetV1 } from '../../architectures/build_mobilenet_v1.ts';
import { STANDARD } from '../../architectures/variants.ts';
import { CheckpointFolder } from '../../checkpoints/training_checkpoint/checkpoint_folder.ts';
import { SILENT_REPORTER } from '../../foundation/reporting/reporter.ts';
import { train } from '../../training/loop/train.ts';
import { SCRATCH_SMALL } from '../../training/recipes/recipes.ts';
import { createTrainStep } from '../../training/step/create_train_step.ts';
import { combineObservers, type TrainingObserver } from '../../training/watch/observer.ts';
import { watchRun } from '../../workflows/train/watch_run.ts';
import { memoryDataset } from '../support/memory_dataset.ts';

const [run, steps] = [process.argv[2], Number(process.argv[3])];
const reporter = SILENT_REPORTER;
const recipe = { ...SCRATCH_SMALL, batchSize: 16, budget: { epochs: steps / 25 } };
const config = { variant: STANDARD, widthMultiplier: 0.25, resolution: 32, classes: 4 };
const model = buildMobileNetV1(config, { batchNormDecay: recipe.batchNormDecay });
const step = await createTrainStep(model, recipe, { regularizeDepthwise: false, reporter });

const report: TrainingObserver = {
  step({ step: done }) {
    if (done % 100 !== 0) return;
    const { rss } = process.memoryUsage();
    process.send?.({ step: done, rss, tensors: tf.memory().numTensors });
  },
  epoch() {},
  async end() {},
};
const watch = await watchRun(run, { title: 'memory', steps, reporter });
const folder = await CheckpointFolder.open({ dir: `${run}/checkpoints`, reporter });
await train(step, {
  dataset: memoryDataset({ classes: 4, images: 400 }),
  recipe,
  network: model.name,
  start: 'random weights',
  seed: 1,
  reporter,
  observe: async () => combineObservers(report, watch),
  checkpoints: { folder, everySteps: 50 },
});
await folder.close();
