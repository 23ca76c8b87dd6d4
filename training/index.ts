/**
 * Training: recipes, the loop, its observers, and compiling functions of tensors for TensorFlow.
 * @module tf8/training
 */
export {
  type Backend,
  type EventWriter,
  requireTensorFlow,
  selectBackend,
  selectTrainingBackend,
} from './backend.ts';
export { Cluster, type ClusterOptions } from './cluster/cluster.ts';
export { ClusterError } from './cluster/cluster_error.ts';
export { type ClusterPlace, placeOf, placeOfTfConfig } from './cluster/place.ts';
export {
  type CompiledFunction,
  CompiledFunctions,
  type CompileOptions,
  compile,
  type TensorFunction,
  UncompilableError,
} from './compile/compile.ts';
export type { GraphSession } from './compile/session.ts';
export {
  type BatchShape,
  type FloatPredictor,
  floatPredictor,
  predictFloat,
} from './float_predictor.ts';
export type { CheckpointOptions } from './loop/checkpointer.ts';
export { DivergenceError } from './loop/divergence.ts';
export type { Agreement, Team } from './loop/team.ts';
export { train } from './loop/train.ts';
export type { TrainOptions, TrainResult } from './loop/train_options.ts';
export { type Validation, validate } from './loop/validate.ts';
export { GraphNetwork } from './quantized/graph_network.ts';
export { QuantizedNetwork, type QuantizedTraining } from './quantized/quantized_network.ts';
export type { RangeRules } from './quantized/tensor_range.ts';
export {
  type LearningRate,
  learningRateAt,
  learningRateSchema,
  type RunProgress,
} from './recipes/learning_rate.ts';
export { openRecipe } from './recipes/open_recipe.ts';
export { overrideRecipe, type RecipeOverrides } from './recipes/override_recipe.ts';
export { type Distillation, type Recipe, recipeSchema } from './recipes/recipe.ts';
export { RECIPES } from './recipes/recipes.ts';
export { createTrainStep, type TrainStepOptions } from './step/create_train_step.ts';
export type { LogitsNetwork, Teacher, TeachingModel } from './step/soft_targets.ts';
export type { StepNetwork, TrainingPass } from './step/step_network.ts';
export type { TrainedModel } from './step/step_program.ts';
export type { LocalTrainStep, StepInputs, StepResult, TrainStep } from './step/train_step.ts';
export {
  type Metrics,
  type MetricsFileOptions,
  openMetricsFile,
  readMetrics,
} from './watch/metrics_file.ts';
export {
  combineObservers,
  type EpochReport,
  type StepReport,
  type TrainingObserver,
} from './watch/observer.ts';
export { openTensorBoard, type TensorBoardOptions } from './watch/tensorboard.ts';
