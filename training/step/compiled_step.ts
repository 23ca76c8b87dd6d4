import type { LabelledBatch } from '../../datasets/dataset.ts';
import type { IsolatedOp } from '../compile/isolate_ops.ts';
import type { Recipe } from '../recipes/recipe.ts';
import { SessionStep } from './session_step.ts';
import { stepInputs, stepResult } from './step_inputs.ts';
import type { ProgramOptions, TrainedModel } from './step_program.ts';
import type { LocalTrainStep, StepInputs, StepResult } from './train_step.ts';

/**
 * The same step as one call of libtensorflow's session, which holds the weights and all other state
 * (`CompiledFunctions`). Needs the TensorFlow backend. The first step of each batch size compiles.
 */
export class CompiledStep extends SessionStep implements LocalTrainStep {
  /** @param isolated ops that oneDNN is not to compute */
  constructor(
    model: TrainedModel,
    recipe: Recipe,
    options: ProgramOptions,
    isolated: readonly IsolatedOp[] = [],
  ) {
    super(model, recipe, options, { isolated });
  }

  run(batch: LabelledBatch, inputs: StepInputs): StepResult {
    this.program.restoreWeights();
    return stepResult(() => this.compiled.call('train', stepInputs(batch, inputs)));
  }
}
