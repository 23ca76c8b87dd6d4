import type { WeightTensor } from '../../checkpoints/weight_tensor.ts';
import type { LabelledBatch } from '../../datasets/dataset.ts';
import type { Recipe } from '../recipes/recipe.ts';
import { readState, writeState } from './state.ts';
import { logitsOf, stepInputs, stepResult } from './step_inputs.ts';
import { type ProgramOptions, StepProgram, type TrainedModel } from './step_program.ts';
import type { LocalTrainStep, StepInputs, StepResult } from './train_step.ts';

/** A step that runs operation by operation: the reference, and what works without libtensorflow. */
export class EagerStep implements LocalTrainStep {
  readonly kind = 'eager';
  private readonly program: StepProgram;

  constructor(model: TrainedModel, recipe: Recipe, options: ProgramOptions) {
    this.program = new StepProgram(model, recipe, options);
  }

  run(batch: LabelledBatch, inputs: StepInputs): StepResult {
    this.program.restoreWeights();
    return stepResult(() => this.program.train(stepInputs(batch, inputs)));
  }

  predict(images: Float32Array, shape: LabelledBatch['shape']): Float32Array {
    return logitsOf(this.program.predict, images, shape);
  }

  readState(): ReadonlyMap<string, WeightTensor> {
    this.program.restoreWeights();
    return readState(this.program.state);
  }

  writeState(state: ReadonlyMap<string, WeightTensor>): void {
    this.program.restoreWeights();
    writeState(this.program.state, state);
  }

  get followsProgress(): boolean {
    return this.program.followsProgress;
  }

  updateModel(): void {
    this.program.useAverages();
  }

  dispose(): void {
    this.program.dispose();
  }
}
