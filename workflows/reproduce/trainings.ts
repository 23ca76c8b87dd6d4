/** The trainings and numbers that several tables share. */
import type { Recipe } from '../../training/recipes/recipe.ts';
import { FINETUNE, FINETUNE_RMSPROP } from '../../training/recipes/recipes.ts';
import type { Training } from './preset.ts';

export const CALIBRATION_IMAGES = 200;

/** ILSVRC2012: arXiv 1409.0575, table 2. */
export const ILSVRC2012 = { trainImages: 1_281_167, testImages: 50_000 };

/** A recipe at another resolution and for so many epochs. */
export function at(recipe: Recipe, resolution: number, epochs: number): Recipe {
  return { ...recipe, resolution, budget: { epochs } };
}

/** Retrained from the published weights at 64 × 64 by RMSProp, as in the prototype. */
export const FASHION: Training = {
  recipe: at(FINETUNE_RMSPROP, 64, 2),
  imagesPerEpoch: 10_000,
  start: 'published',
};

/** Retrained from the published weights at 96 × 96 by Adam, the better one in the prototype. */
export const CIFAR: Training = {
  recipe: at(FINETUNE, 96, 2),
  imagesPerEpoch: 10_000,
  start: 'published',
};

/** A second and a third seed of the row, and of what is rebuilt from it, would double the time. */
export const ONE_SEED =
  'Each network is made with one seed. The TF8 accuracy of the standard network differs widely between seeds and machines: read the order of the rows, not its figure.';

export const PHOTOGRAPHS: Training = {
  recipe: at(FINETUNE, 224, 1),
  imagesPerEpoch: 5_000,
  start: 'published',
};
