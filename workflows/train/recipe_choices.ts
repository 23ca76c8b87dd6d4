import { openRecipe } from '../../training/recipes/open_recipe.ts';
import { overrideRecipe } from '../../training/recipes/override_recipe.ts';
import type { Recipe } from '../../training/recipes/recipe.ts';

/** What a training may have otherwise than its recipe. */
export interface RecipeChoices {
  readonly epochs?: number | undefined;
  /** Trains for so long, without `epochs`; the learning rate follows the time. */
  readonly minutes?: number | undefined;
  readonly batchSize?: number | undefined;
  /** At the start; the schedule stays. */
  readonly learningRate?: number | undefined;
  /** Height and width of the network's input in pixels. */
  readonly resolution?: number | undefined;
}

/**
 * A recipe, or one by its name or from a JSON file, changed as asked.
 * @throws UserError where there is no such recipe, or a value is none that a recipe can have
 */
export async function chosenRecipe(
  asked: string | Recipe,
  choices: RecipeChoices,
): Promise<Recipe> {
  const { epochs, minutes, batchSize, learningRate, resolution } = choices;
  return overrideRecipe(typeof asked === 'string' ? await openRecipe(asked) : asked, {
    budget: budgetOf(epochs, minutes),
    batchSize,
    initialLearningRate: learningRate,
    resolution,
  });
}

function budgetOf(epochs: number | undefined, minutes: number | undefined) {
  if (epochs !== undefined) return { epochs };
  return minutes === undefined ? undefined : { minutes };
}
