import type { PlainNetworkConfig } from '../../architectures/network.ts';
import { hasVariants, networkNamed } from '../../architectures/registry.ts';
import { variantNamed } from '../../architectures/variants.ts';
import { UserError } from '../../foundation/errors.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { Cluster } from '../../training/cluster/cluster.ts';
import type { Recipe } from '../../training/recipes/recipe.ts';
import {
  hideTensorFlowLog,
  requireDeterministicOps,
} from '../../training/tensorflow_environment.ts';
import { openCache } from '../open/open_cache.ts';
import { openData } from '../open/open_data.ts';
import { leavingNoEmptyFolder } from '../outputs/empty_folder.ts';
import { requireOutsideImages } from '../outputs/outside_data.ts';
import { option } from '../wording.ts';
import { launchWorkers } from './launch_workers.ts';
import { chosenRecipe } from './recipe_choices.ts';
import { SaidLines } from './said_lines.ts';
import {
  defaultValidationImages,
  type TrainJobOptions,
  type TrainJobResult,
  trainJob,
  useOneDnnForJob,
} from './train.ts';
import { CHECKPOINT_SECONDS, RETRAINING_RECIPE, TRAINING_DATASET } from './train_defaults.ts';
import type { TrainModelOptions, TrainModelResult } from './train_model_options.ts';
import type { TrainedNetwork } from './trained_network.ts';

/**
 * Trains a network by a recipe on a data set, both by name, and stores it with checkpoints, metrics and
 * a curve. After Ctrl-C the weights reached so far are stored.
 * @throws UserError where the recipe or the data cannot be opened; `trainJob`'s errors
 */
export function trainModel(
  options: TrainModelOptions,
  context: Context,
): Promise<TrainModelResult> {
  return leavingNoEmptyFolder(options.out, () => trainInto(options, context));
}

async function trainInto(options: TrainModelOptions, context: Context): Promise<TrainModelResult> {
  const {
    from,
    teacher,
    zeroVariance = 'mean',
    limit,
    seed,
    out,
    overwrite,
    eager,
    resume,
  } = options;
  const { scratchRecipe } = networkNamed(options.network);
  const { recipe = from === undefined ? scratchRecipe : RETRAINING_RECIPE } = options;
  const { checkpointSteps, deterministic } = options;
  if (deterministic) requireDeterministicOps(); // The workers inherit it.
  const chosen = await chosenRecipe(recipe, options);
  const { data } = options;
  await requireOutsideImages(out, data, 'out');
  const name = options.dataset ?? (data === undefined ? TRAINING_DATASET : undefined);
  const said = new SaidLines(context.reporter);
  const opening = { ...context, reporter: said.reporter };
  const cached = await openCache(options, [data], opening.reporter);
  const dataset = cached(await openData(name, data, 'data', opening));
  const { validationImages = defaultValidationImages(dataset, limit) } = options;
  const usual = checkpointSteps === undefined ? CHECKPOINT_SECONDS : undefined;
  const { checkpointSeconds = usual } = options;
  const job: TrainJobOptions = {
    network: networkOf(options),
    from,
    teacher,
    zeroVariance,
    dataset,
    recipe: chosen,
    limit,
    validationImages,
    seed,
    out,
    overwrite,
    eager,
    run: { resume, checkpointSteps, checkpointSeconds },
  };
  const { workers, cluster: place } = options;
  if (workers === undefined && place === undefined) return trainJob(job, context);
  requireShares(options, chosen);
  return withSteps(await trainByWorkers(job, options, said, context));
}

/** By the workers that are asked for: here, in processes of this machine, or on several machines. */
async function trainByWorkers(
  job: TrainJobOptions,
  options: TrainModelOptions,
  said: SaidLines,
  context: Context,
): Promise<TrainJobResult> {
  const { workers = 1, restarts, workerTimeout: timeoutSeconds, cluster: place, threads } = options;
  if (place === undefined && workers === 1) {
    const result = await trainJob(job, context);
    return { ...result, workers: [{ rank: 0, weightsSha256: result.card.weightsSha256 }] };
  }
  if (place === undefined) {
    await useOneDnnForJob(job, context, workers); // The processes inherit it.
    // Each opens the data once more.
    return launchWorkers(options, { workers, restarts }, { ...context, reporter: said.others });
  }
  hideTensorFlowLog();
  await useOneDnnForJob(job, context, place.addresses.length);
  const { signal } = context;
  const cluster = await Cluster.join(place, { timeoutSeconds, threads, signal });
  try {
    return await trainJob({ ...job, cluster }, context);
  } finally {
    cluster.dispose();
  }
}

/** @throws UserError where a batch has no image for some worker, and for a step that no others can share */
function requireShares(
  { workers, cluster, eager }: TrainModelOptions,
  { batchSize }: Recipe,
): void {
  if (workers !== undefined && cluster !== undefined) {
    throw new UserError(
      `Expected workers on this machine or a cluster but received ${workers} workers and ${cluster.addresses.length} addresses`,
      { remedy: `Pass ${option('workers')} or ${option('cluster')}.` },
    );
  }
  const count = workers ?? cluster!.addresses.length;
  if (count > batchSize) {
    throw new UserError(
      `Expected at most ${batchSize} workers, as a batch has ${batchSize} images, but received ${count}`,
      { remedy: `Pass fewer workers, or a larger ${option('batchSize')}.` },
    );
  }
  if (eager && count > 1) {
    throw new UserError(
      `Expected a compiled step for ${count} workers but received \`eager: true\``,
      {
        remedy: `Pass ${option('eager')} only where one process trains.`,
      },
    );
  }
}

function withSteps(result: TrainJobResult): TrainModelResult {
  return { ...result, steps: result.training.steps };
}

function networkOf(options: TrainModelOptions): TrainedNetwork {
  const { network, variant, squeezeExcite, widthMultiplier } = options;
  if (!hasVariants(network)) {
    return { network: network as PlainNetworkConfig['network'], widthMultiplier };
  }
  const { trainedVariant, squeezeExcite: hasIt } = networkNamed(network);
  return {
    network,
    variant: variant === undefined ? trainedVariant! : variantNamed(variant),
    widthMultiplier,
    ...(hasIt && squeezeExcite === 'off' && { squeezeExcite: false }),
  };
}
