import type * as tf from '@tensorflow/tfjs';
import { STANDARD, type Variant } from '../../architectures/variants.ts';
import type { LabelledBatch, LabelledDataset } from '../../datasets/dataset.ts';
import type { Recipe } from '../../training/recipes/recipe.ts';
import { FINETUNE_RMSPROP } from '../../training/recipes/recipes.ts';
import { buildShortMobileNetV1, TINY } from '../architectures/support.ts';

/** No dropout: the loss of a step depends on the images alone. */
export const RECIPE: Recipe = { ...FINETUNE_RMSPROP, batchSize: 8, dropout: 0 };

/** The smallest network that a recipe can train; equal seeds give equal weights. */
export function tinyModel(
  recipe: Recipe = RECIPE,
  variant: Variant = STANDARD,
  seed = 1,
): tf.LayersModel {
  const { dropout, batchNormDecay } = recipe;
  return buildShortMobileNetV1({ ...TINY, variant }, { dropout, batchNormDecay, seed });
}

/** The weights of a model by name, without the suffix that makes names unique in the process. */
export function weightsOf(model: tf.LayersModel): Map<string, Float32Array> {
  return new Map(
    model.weights.map((weight) => [
      weight.originalName,
      weight.read().dataSync<'float32'>().slice(),
    ]),
  );
}

/** The first batch of a data set's own order. */
export async function firstBatch(
  dataset: LabelledDataset,
  batchSize: number,
): Promise<LabelledBatch> {
  const options = { split: 'train', batchSize, resolution: TINY.resolution } as const;
  for await (const batch of dataset.batches(options)) return batch;
  throw new Error('the data set is empty');
}
