import type * as tf from '@tensorflow/tfjs';
import type { WeightTensor } from '../../checkpoints/weight_tensor.ts';
import type { LabelledBatch } from '../../datasets/dataset.ts';
import { CompiledFunctions } from '../compile/compile.ts';
import type { IsolatedOp } from '../compile/isolate_ops.ts';
import type { Recipe } from '../recipes/recipe.ts';
import { readState, writeState } from './state.ts';
import { logitsOf, stepInputs, stepResult } from './step_inputs.ts';
import { type ProgramOptions, StepProgram } from './step_program.ts';
import type { StepInputs, StepResult, TrainStep } from './train_step.ts';

/**
 * The same step as one call of libtensorflow's session, which holds the weights and all other state
 * (`CompiledFunctions`). Needs the TensorFlow backend. The first step of each batch size compiles.
 */
export class CompiledStep implements TrainStep {
  readonly kind = 'compiled';
  private readonly program: StepProgram;
  private readonly compiled: CompiledFunctions<'train' | 'predict'>;

  /** @param isolated ops that oneDNN is not to compute */
  constructor(
    model: tf.LayersModel,
    recipe: Recipe,
    options: ProgramOptions,
    isolated: readonly IsolatedOp[] = [],
  ) {
    this.program = new StepProgram(model, recipe, options);
    const { train, predict, constants } = this.program;
    this.compiled = new CompiledFunctions({ train, predict }, { constants, isolated });
  }

  run(batch: LabelledBatch, inputs: StepInputs): StepResult {
    this.program.restoreWeights();
    return stepResult(() => this.compiled.call('train', stepInputs(batch, inputs)));
  }

  predict(images: Float32Array, shape: LabelledBatch['shape']): Float32Array {
    this.program.restoreWeights();
    return logitsOf((inputs) => this.compiled.call('predict', inputs), images, shape);
  }

  readState(): ReadonlyMap<string, WeightTensor> {
    this.program.restoreWeights();
    this.compiled.pull();
    return readState(this.program.state);
  }

  writeState(state: ReadonlyMap<string, WeightTensor>): void {
    this.program.restoreWeights();
    writeState(this.program.state, state);
    this.compiled.push();
  }

  updateModel(): void {
    this.program.restoreWeights();
    this.compiled.pull();
    this.program.useAverages();
  }

  dispose(): void {
    this.compiled.dispose();
    this.program.dispose();
  }
}
