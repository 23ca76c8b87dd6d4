import { type VariantName, variantNamed } from '../../architectures/variants.ts';
import type { Dataset, LabelledDataset } from '../../datasets/dataset.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { openModelData, openModelImages } from '../open/open_data.ts';
import { leavingNoEmptyFolder } from '../outputs/empty_folder.ts';
import { requireOutsideImages } from '../outputs/outside_data.ts';
import { chosenRecipe, type RecipeChoices } from '../train/recipe_choices.ts';
import { defaultValidationImages } from '../train/train.ts';
import { CHECKPOINT_SECONDS } from '../train/train_defaults.ts';
import type { LayerChoice } from './plan.ts';
import { type RearchitectResult, type Retraining, rearchitect } from './rearchitect.ts';
import { MOST_IMAGES } from './rearchitect_defaults.ts';
import { namedFacts } from './source.ts';

export interface RearchitectModelOptions extends Omit<RecipeChoices, 'resolution'>, LayerChoice {
  /** MODEL of a network with depthwise layers. */
  readonly model: string;
  readonly variant: VariantName;
  /** The model's own unless given. */
  readonly dataset?: string | undefined;
  /** Folder of the data set, where it needs one. */
  readonly data?: string | undefined;
  /** Training images that the layers are fitted on; MOST_IMAGES, or all if there are fewer, unless given. */
  readonly images?: number | undefined;
  /** Trains after the reconstruction; what follows is about that. */
  readonly retrain: boolean;
  /** Learns from what the original says of the images too. */
  readonly distill: boolean;
  /** Name or JSON file. */
  readonly recipe: string;
  /** Images of an epoch; all unless given. */
  readonly limit?: number | undefined;
  /** Training images that are held out of everything; a twentieth of an epoch unless given. */
  readonly validationImages?: number | undefined;
  /** Goes on with what `out` holds of a run with equal options. */
  readonly resume: boolean;
  /** Time between checkpoints; CHECKPOINT_SECONDS unless given. */
  readonly checkpointSeconds?: number | undefined;
  readonly seed: number;
  /** Folder of the new model. */
  readonly out: string;
  /** Whether a model that lies there is replaced. */
  readonly overwrite?: boolean | undefined;
}

/**
 * Rebuilds a model as a variant that quantizes well, fitted on images of its data set, and retrains it
 * unless it is not to be.
 * @throws UserError where the model, the recipe or the data cannot be opened; `rearchitect`'s errors
 */
export function rearchitectModel(
  options: RearchitectModelOptions,
  context: Context,
): Promise<RearchitectResult> {
  return leavingNoEmptyFolder(options.out, () => rearchitectInto(options, context));
}

async function rearchitectInto(
  options: RearchitectModelOptions,
  context: Context,
): Promise<RearchitectResult> {
  const { model, retrain, seed, out, overwrite } = options;
  await requireOutsideImages(out, options.data, 'out');
  const request = { dataset: options.dataset, dir: options.data, option: 'data' } as const;
  const facts = await namedFacts(model, context);
  const common = { model, variant: variantNamed(options.variant), seed, out, overwrite };
  const choice = { keep: options.keep, layers: options.layers, maxLoss: options.maxLoss };
  if (!retrain) {
    const { dataset } = await openModelImages(facts, request, context);
    return rearchitect(
      { ...common, ...choice, dataset, images: imagesOf(dataset, options) },
      context,
    );
  }
  const dataset = await openModelData(facts, request, context);
  const retraining = await retrainingOf(options, dataset);
  return rearchitect(
    { ...common, ...choice, dataset, images: imagesOf(dataset, options), retrain: retraining },
    context,
  );
}

function imagesOf(dataset: Dataset, { images }: Pick<RearchitectModelOptions, 'images'>): number {
  return images ?? Math.min(MOST_IMAGES, dataset.count('train'));
}
async function retrainingOf(
  options: RearchitectModelOptions,
  dataset: LabelledDataset,
): Promise<Retraining> {
  const { recipe, limit, distill, resume, checkpointSeconds = CHECKPOINT_SECONDS } = options;
  const { validationImages = defaultValidationImages(dataset, limit) } = options;
  return {
    recipe: await chosenRecipe(recipe, options),
    limit,
    distill,
    validationImages,
    run: { resume, checkpointSeconds },
  };
}
