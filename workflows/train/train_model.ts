import type { ZeroVariancePolicy } from '../../architectures/graph/fold_batch_norm.ts';
import {
  hasVariants,
  type NetworkName,
  type PlainNetworkConfig,
} from '../../architectures/network.ts';
import { networkNamed } from '../../architectures/registry.ts';
import { FRIENDLY, type VariantName, variantNamed } from '../../architectures/variants.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { openData } from '../open/open_data.ts';
import { requireOutsideImages } from '../outputs/outside_data.ts';
import { chosenRecipe, type RecipeChoices } from './recipe_choices.ts';
import { defaultValidationImages, type TrainJobResult, trainJob } from './train.ts';
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
}

/**
 * Trains a network by a recipe on a data set, both by name, and stores it with checkpoints, metrics and
 * a curve. After Ctrl-C the weights reached so far are stored.
 * @throws UserError where the recipe or the data cannot be opened; `trainJob`'s errors
 */
export async function trainModel(
  options: TrainModelOptions,
  context: Context,
): Promise<TrainJobResult> {
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
  return trainJob(
    {
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
    },
    context,
  );
}

function networkOf({ network, variant, widthMultiplier }: TrainModelOptions): TrainedNetwork {
  return hasVariants(network)
    ? { network, variant: variantNamed(variant ?? FRIENDLY.name), widthMultiplier }
    : { network: network as PlainNetworkConfig['network'], widthMultiplier };
}
