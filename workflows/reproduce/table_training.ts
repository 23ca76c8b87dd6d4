import { trainingLength } from '../../training/loop/budget.ts';
import type { TrainingJob } from '../../training/one_dnn/choose_one_dnn.ts';
import { trainingSeconds } from '../../training/one_dnn/training_time.ts';
import type { Recipe } from '../../training/recipes/recipe.ts';
import type { TrainedNetwork } from '../train/trained_network.ts';
import type { NetworkPlan, RowPlan } from './network_plan.ts';
import { shapeOf, variantLike } from './plan_shape.ts';
import type { Preset } from './preset.ts';

/** Before a small data set is opened: they decide only whether a trial pays. */
const SMALL = { trainImages: 50_000, classes: 10 };
const IMAGENET_CLASSES = 1000;

/**
 * What stands for all trainings of a table, before its data is opened: the step of the longest, for as
 * long as all of them take.
 * @returns undefined where nothing is trained
 */
export function tableTraining(rows: readonly RowPlan[], preset: Preset): TrainingJob | undefined {
  const plans = new Set(rows.flatMap(({ networks }) => networks.map(({ plan }) => plan)));
  const trainings = [...plans]
    .flatMap((plan) => trainingOf(plan, preset))
    .toSorted((a, b) => b.seconds - a.seconds);
  if (trainings.length === 0) return undefined;
  const seconds = trainings.reduce((sum, training) => sum + training.seconds, 0);
  return { shape: trainings[0].shape, length: { seconds } };
}

function trainingOf(plan: NetworkPlan, preset: Preset) {
  if (plan.kind === 'published') return [];
  if (plan.kind === 'trained') {
    return [timed(plan.network, plan.recipe, plan.imagesPerEpoch, false, preset)];
  }
  if (plan.kind === 'quantization-aware') {
    return [timed(shapeOf(plan).network, plan.recipe, plan.imagesPerEpoch, true, preset)];
  }
  if (plan.retrain === undefined) return [];
  const network = variantLike(shapeOf(plan.original).network, plan.variant);
  return [timed(network, plan.retrain.recipe, plan.retrain.imagesPerEpoch, true, preset)];
}

function timed(
  network: TrainedNetwork,
  recipe: Recipe,
  imagesPerEpoch: number | undefined,
  distilled: boolean,
  { dataset, wholeDataset }: Preset,
) {
  const { resolution, batchSize } = recipe;
  const classes = dataset === 'imagenet' ? IMAGENET_CLASSES : SMALL.classes;
  const shape = { config: { ...network, resolution, classes }, batchSize, distilled };
  const length = trainingLength(recipe, imagesPerEpoch ?? (wholeDataset ?? SMALL).trainImages);
  const seconds = 'seconds' in length ? length.seconds : trainingSeconds(shape, length.images);
  return { shape, seconds };
}
