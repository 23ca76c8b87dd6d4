import { requireBatchFits } from '../../datasets/pipeline/batch_limit.ts';
import { UserError } from '../../foundation/errors.ts';
import { firstIssue } from '../../foundation/first_issue.ts';
import { type Budget, type Recipe, recipeSchema } from './recipe.ts';

/** What a run may have otherwise than its recipe. */
export interface RecipeOverrides {
  readonly budget?: Budget | undefined;
  readonly batchSize?: number | undefined;
  /** At the start; the schedule stays. */
  readonly initialLearningRate?: number | undefined;
  readonly resolution?: number | undefined;
}

/**
 * A changed copy of a recipe, under the same name.
 * @throws UserError where a value is none that a recipe can have, or no memory holds a batch
 */
export function overrideRecipe(recipe: Recipe, overrides: RecipeOverrides): Recipe {
  const { learningRate } = recipe;
  const parsed = recipeSchema.safeParse({
    ...recipe,
    budget: overrides.budget ?? recipe.budget,
    batchSize: overrides.batchSize ?? recipe.batchSize,
    learningRate: {
      ...learningRate,
      initial: overrides.initialLearningRate ?? learningRate.initial,
    },
    resolution: overrides.resolution ?? recipe.resolution,
  });
  if (parsed.success) {
    requireBatchFits(parsed.data);
    return parsed.data;
  }
  throw new UserError(`Expected values that a recipe can have but: ${firstIssue(parsed.error)}`);
}
