import type { VariantName } from '../../architectures/variants.ts';
import type { Recipe } from '../../training/recipes/recipe.ts';
import { QUANTIZATION_START } from '../train/quantization_aware_options.ts';
import type { Rearchitecture, Retraining, Training } from './preset.ts';

export function trainingInWords(
  { recipe, imagesPerEpoch, start }: Training,
  trainImages: number,
): string {
  const from = start === 'published' ? 'published weights' : 'random weights';
  return `${from}, ${recipeInWords(recipe, imagesPerEpoch, trainImages)}`;
}

export function rearchitectureInWords(
  { images, retrain }: Rearchitecture,
  trainImages: number,
): string {
  const reconstruction = `the standard network, reconstructed on ${Math.min(images, trainImages)} images`;
  if (retrain === undefined) return reconstruction;
  return `${reconstruction}, then distilled by ${recipeInWords(retrain.recipe, retrain.imagesPerEpoch, trainImages)}`;
}

/** @param start variant of the network that it starts from */
export function quantizationAwareInWords(
  { recipe, imagesPerEpoch }: Retraining,
  start: VariantName,
  trainImages: number,
): string {
  return `the ${start} network, quantized by ${QUANTIZATION_START}, then trained in integers by ${recipeInWords(recipe, imagesPerEpoch, trainImages)}`;
}

/** "finetune at 96 × 96, 2 epochs × 10000 images" */
function recipeInWords(
  recipe: Recipe,
  imagesPerEpoch: number | undefined,
  trainImages: number,
): string {
  const { name, resolution, budget } = recipe;
  const images = imagesPerEpoch === undefined ? 'all' : Math.min(imagesPerEpoch, trainImages);
  const length =
    'epochs' in budget
      ? `${budget.epochs} ${budget.epochs === 1 ? 'epoch' : 'epochs'} × ${images} images`
      : `${budget.minutes} minutes`;
  return `${name} at ${resolution} × ${resolution}, ${length}`;
}
