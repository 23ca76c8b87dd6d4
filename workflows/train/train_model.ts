import type { ZeroVariancePolicy } from '../../architectures/graph/fold_batch_norm.ts';
import {
  hasVariants,
  type NetworkName,
  type PlainNetworkConfig,
} from '../../architectures/network.ts';
import { networkNamed } from '../../architectures/registry.ts';
import { FRIENDLY, type VariantName, variantNamed } from '../../architectures/variants.ts';
import { UserError } from '../../foundation/errors.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { Cluster } from '../../training/cluster/cluster.ts';
import type { ClusterPlace } from '../../training/cluster/place.ts';
import type { Recipe } from '../../training/recipes/recipe.ts';
import { openData } from '../open/open_data.ts';
import { requireOutsideImages } from '../outputs/outside_data.ts';
import { option } from '../wording.ts';
import { launchWorkers } from './launch_workers.ts';
import { chosenRecipe, type RecipeChoices } from './recipe_choices.ts';
import {
  defaultValidationImages,
  type TrainJobOptions,
  type TrainJobResult,
  trainJob,
  useOneDnnForJob,
} from './train.ts';
import { CHECKPOINT_SECONDS, RETRAINING_RECIPE, TRAINING_DATASET } from './train_defaults.ts';
import type { TrainedNetwork } from './trained_network.ts';

export interface TrainModelOptions extends RecipeChoices {
  readonly network: NetworkName;
  /** Core layer of a network that has a choice of them, friendly unless given. */
  readonly variant?: VariantName | undefined;
  readonly widthMultiplier: number;
  /** MODEL to start from; random weights unless given. */
  readonly from?: string | undefined;
  /** MODEL to distil from: of equal resolution and classes. */
  readonly teacher?: string | undefined;
  /** For depthwise batch norms that are folded into the start weights; mean unless given. */
  readonly zeroVariance?: ZeroVariancePolicy | undefined;
  /** What lies in `data`, or TRAINING_DATASET without it, unless given. */
  readonly dataset?: string | undefined;
  /** Folder of the data set, where it needs one. */
  readonly data?: string | undefined;
  /** Name or JSON file; `RETRAINING_RECIPE` or the network's `scratchRecipe` unless given. */
  readonly recipe?: string | undefined;
  /** Images of an epoch; all unless given. */
  readonly limit?: number | undefined;
  /** Training images that are held out; a twentieth of an epoch unless given. */
  readonly validationImages?: number | undefined;
  readonly seed: number;
  /** Folder of the trained model. */
  readonly out: string;
  /** Whether a model that lies there without its training's checkpoints is replaced. */
  readonly overwrite?: boolean | undefined;
  /** Trains operation by operation. */
  readonly eager?: boolean | undefined;
  /** Goes on from the newest checkpoint in `out`, where there is one. */
  readonly resume: boolean;
  /** Time between checkpoints; CHECKPOINT_SECONDS unless given, or none with `checkpointSteps`. */
  readonly checkpointSeconds?: number | undefined;
  readonly checkpointSteps?: number | undefined;
  /**
   * Processes on this machine that share every batch, or 1; this process unless given. Not together with
   * `cluster`.
   */
  readonly workers?: number | undefined;
  /** Started again so often after one of `workers` was lost; RESTARTS unless given. */
  readonly restarts?: number | undefined;
  /** How far workers may be apart, in seconds; TIMEOUT_SECONDS unless given. */
  readonly workerTimeout?: number | undefined;
  /** The workers on several machines, of which this process is one. */
  readonly cluster?: ClusterPlace | undefined;
  /** Threads of one operation of a worker; as many as the machine has unless given. */
  readonly threads?: number | undefined;
}

export interface TrainModelResult extends TrainJobResult {
  /** Steps of the whole training, where workers were asked for. */
  readonly steps?: number;
}

/**
 * Trains a network by a recipe on a data set, both by name, and stores it with checkpoints, metrics and
 * a curve. After Ctrl-C the weights reached so far are stored.
 * @throws UserError where the recipe or the data cannot be opened; `trainJob`'s errors
 */
export async function trainModel(
  options: TrainModelOptions,
  context: Context,
): Promise<TrainModelResult> {
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
  const { checkpointSteps } = options;
  const chosen = await chosenRecipe(recipe, options);
  const { data } = options;
  await requireOutsideImages(out, data, 'out');
  const name = options.dataset ?? (data === undefined ? TRAINING_DATASET : undefined);
  const dataset = await openData(name, data, 'data', context);
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
  return withSteps(await trainByWorkers(job, options, context));
}

/** By the workers that are asked for: here, in processes of this machine, or on several machines. */
async function trainByWorkers(
  job: TrainJobOptions,
  options: TrainModelOptions,
  context: Context,
): Promise<TrainJobResult> {
  const { workers = 1, restarts, workerTimeout: timeoutSeconds, cluster: place, threads } = options;
  if (place === undefined && workers === 1) {
    const result = await trainJob(job, context);
    return { ...result, workers: [{ rank: 0, weightsSha256: result.card.weightsSha256 }] };
  }
  if (place === undefined) {
    await useOneDnnForJob(job, context, workers); // The processes inherit it.
    return launchWorkers(options, { workers, restarts }, context);
  }
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

function networkOf({ network, variant, widthMultiplier }: TrainModelOptions): TrainedNetwork {
  return hasVariants(network)
    ? { network, variant: variantNamed(variant ?? FRIENDLY.name), widthMultiplier }
    : { network: network as PlainNetworkConfig['network'], widthMultiplier };
}
