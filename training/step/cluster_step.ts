import * as tf from '@tensorflow/tfjs';
import type { LabelledBatch } from '../../datasets/dataset.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { IsolatedOp } from '../compile/isolate_ops.ts';
import type { Recipe } from '../recipes/recipe.ts';
import { SessionStep } from './session_step.ts';
import { readResult, stepInputs } from './step_inputs.ts';
import type { ProgramOptions, TrainedModel } from './step_program.ts';
import type { StepInputs, StepResult } from './train_step.ts';

/**
 * The compiled step of a worker among others. Each has all weights; a step sums gradients and the moving
 * statistics of batch norms over the workers, and then changes all weights alike, or none where it fails.
 */
export class ClusterStep extends SessionStep {
  private readonly cluster: Cluster;

  /** @param isolated ops that oneDNN is not to compute */
  constructor(
    model: TrainedModel,
    recipe: Recipe,
    options: ProgramOptions,
    cluster: Cluster,
    isolated: readonly IsolatedOp[] = [],
  ) {
    const sumOfStep = (vector: tf.Tensor1D) => cluster.sumOfStep(vector);
    super(model, recipe, { ...options, sumOfStep }, { isolated, session: cluster.session });
    this.cluster = cluster;
  }

  /**
   * @param inputs with `share`
   * @throws ClusterError where a worker is gone or too far behind; nothing has changed then
   */
  async run(batch: LabelledBatch, inputs: StepInputs): Promise<StepResult> {
    this.program.restoreWeights();
    const given = stepInputs(batch, inputs);
    try {
      const outputs = await this.cluster.together(`step ${inputs.step + 1}`, () =>
        this.compiled.callAsync('train', given),
      );
      const result = readResult(outputs);
      tf.dispose(outputs);
      return result;
    } finally {
      tf.dispose(given);
    }
  }
}
