import type { Reporter } from '../../foundation/reporting/reporter.ts';
import { SET_UP } from '../../foundation/repository.ts';
import { selectTrainingBackend } from '../backend.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { slowWithOneDnn } from '../one_dnn/slow_with_one_dnn.ts';
import type { Recipe } from '../recipes/recipe.ts';
import { ClusterStep } from './cluster_step.ts';
import { CompiledStep } from './compiled_step.ts';
import { EagerStep } from './eager_step.ts';
import type { ProgramOptions, TrainedModel } from './step_program.ts';
import type { LocalTrainStep, TrainStep } from './train_step.ts';

export interface TrainStepOptions extends ProgramOptions {
  readonly reporter: Reporter;
  /** Operation by operation even where it could be compiled. */
  readonly eager?: boolean;
}

/**
 * The fastest step that works here: compiled with libtensorflow; without it eager on TensorFlow.js'
 * own backend, of whose slowness the reporter warns.
 */
export async function createTrainStep(
  model: TrainedModel,
  recipe: Recipe,
  options: TrainStepOptions,
): Promise<LocalTrainStep> {
  const backend = await selectTrainingBackend();
  if (backend.name !== 'tensorflow') {
    options.reporter.warn(
      `Training is slow here, some hundred times slower than with tfjs-node: ${backend.notes.join('; ')}. Run "${SET_UP}".`,
    );
    return new EagerStep(model, recipe, options);
  }
  return options.eager === true
    ? new EagerStep(model, recipe, options)
    : new CompiledStep(model, recipe, options, await slowWithOneDnn());
}

/** The step of a worker among others. */
export async function createClusterStep(
  model: TrainedModel,
  recipe: Recipe,
  cluster: Cluster,
  options: ProgramOptions,
): Promise<TrainStep> {
  return new ClusterStep(model, recipe, options, cluster, await slowWithOneDnn());
}
