import { AS_PUBLISHED, OPTION_1, type Recipe } from '../convert/recipe.ts';
import type { Tf8Provenance } from './tf8_model.ts';

/** The recipes that a file's `zeroVariance` alone tells. */
const PLAIN: Readonly<Record<Tf8Provenance['zeroVariance'], Recipe>> = {
  keep: AS_PUBLISHED,
  mean: OPTION_1,
};

/** What a model of this recipe says of it: the whole recipe unless `zeroVariance` alone tells it. */
export function provenanceOf(recipe: Recipe): Pick<Tf8Provenance, 'zeroVariance' | 'recipe'> {
  const zeroVariance = zeroVarianceOf(recipe);
  return isSameRecipe(recipe, PLAIN[zeroVariance]) ? { zeroVariance } : { zeroVariance, recipe };
}

/** The recipe that a model was made by. */
export function recipeOf({
  zeroVariance,
  recipe = PLAIN[zeroVariance],
}: Pick<Tf8Provenance, 'zeroVariance' | 'recipe'>): Recipe {
  return recipe;
}

/** What the recipe does with batch-norm channels of zero variance. */
export function zeroVarianceOf({ passes }: Pick<Recipe, 'passes'>): Tf8Provenance['zeroVariance'] {
  return passes.some(({ pass }) => pass === 'zeroVariance') ? 'mean' : 'keep';
}

/** Whether two recipes are equal, their names included, whatever the order of their keys. */
export function isSameRecipe(a: Recipe, b: Recipe): boolean {
  return textOf(a) === textOf(b);
}

/** With the keys of every object in one order. */
function textOf(recipe: Recipe): string {
  return JSON.stringify(recipe, (_, value: unknown) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
