import type * as tf from '@tensorflow/tfjs';
import type { LabelledBatch } from '../../datasets/dataset.ts';
import { SILENT_REPORTER } from '../../foundation/reporting/reporter.ts';
import type { Recipe } from '../../training/recipes/recipe.ts';
import { createTrainStep } from '../../training/step/create_train_step.ts';
import type { LocalTrainStep } from '../../training/step/train_step.ts';
import type { Contestant, Round } from '../rounds.ts';
import { modelOf, type WorkloadShape } from './workload.ts';

/** Our step, called for one batch after another. */
export class BareStep implements Contestant {
  readonly name: LocalTrainStep['kind'];
  private readonly model: tf.LayersModel;
  private readonly step: LocalTrainStep;
  private readonly learningRate: number;
  private readonly batches: readonly LabelledBatch[];
  private stepsDone = 0;

  private constructor(
    model: tf.LayersModel,
    step: LocalTrainStep,
    learningRate: number,
    batches: readonly LabelledBatch[],
  ) {
    this.name = step.kind;
    this.model = model;
    this.step = step;
    this.learningRate = learningRate;
    this.batches = batches;
  }

  static async create(
    kind: LocalTrainStep['kind'],
    shape: WorkloadShape,
    recipe: Recipe,
    batches: readonly LabelledBatch[],
  ): Promise<BareStep> {
    const model = modelOf(shape, recipe);
    const step = await createTrainStep(model, recipe, {
      regularizeDepthwise: false,
      eager: kind === 'eager',
      reporter: SILENT_REPORTER,
    });
    return new BareStep(model, step, recipe.learningRate.initial, batches);
  }

  /** Cross-entropy of each of `steps` steps, in nats. */
  losses(steps: number): number[] {
    return Array.from({ length: steps }, () => this.takeStep());
  }

  round(seconds: number): Round {
    const start = performance.now();
    let images = 0;
    let elapsed = 0;
    do {
      this.takeStep();
      images += this.batches[0].shape[0];
      elapsed = (performance.now() - start) / 1000;
    } while (elapsed < seconds);
    return { images, seconds: elapsed };
  }

  dispose(): void {
    this.step.dispose();
    this.model.dispose();
  }

  private takeStep(): number {
    const step = this.stepsDone++;
    const batch = this.batches[step % this.batches.length];
    return this.step.run(batch, { learningRate: this.learningRate, seed: step, step }).loss;
  }
}
