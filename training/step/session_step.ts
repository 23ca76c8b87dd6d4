import type { WeightTensor } from '../../checkpoints/weight_tensor.ts';
import type { LabelledBatch } from '../../datasets/dataset.ts';
import { CompiledFunctions, type CompileOptions } from '../compile/compile.ts';
import type { Recipe } from '../recipes/recipe.ts';
import { readState, writeState } from './state.ts';
import { logitsOf } from './step_inputs.ts';
import { type ProgramOptions, StepProgram, type TrainedModel } from './step_program.ts';
import type { StepInputs, StepResult, TrainStep } from './train_step.ts';

/** A step whose weights and all other state a session of libtensorflow holds (`CompiledFunctions`). */
export abstract class SessionStep implements TrainStep {
  readonly kind = 'compiled';
  protected readonly program: StepProgram;
  protected readonly compiled: CompiledFunctions<'train' | 'predict'>;

  protected constructor(
    model: TrainedModel,
    recipe: Recipe,
    options: ProgramOptions,
    compileOptions: Pick<CompileOptions, 'isolated' | 'session'>,
  ) {
    this.program = new StepProgram(model, recipe, options);
    const { train, predict, constants } = this.program;
    this.compiled = new CompiledFunctions({ train, predict }, { constants, ...compileOptions });
  }

  abstract run(batch: LabelledBatch, inputs: StepInputs): StepResult | Promise<StepResult>;

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

  get followsProgress(): boolean {
    return this.program.followsProgress;
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
