/** What `train` and `rearchitect` may have otherwise than their recipe, and how they checkpoint. */
import type { Options } from 'yargs';
import type { RecipeOverrides } from '../training/recipes/override_recipe.ts';

/** The steps of so long are lost when a run is killed. */
export const CHECKPOINT_SECONDS = 60;

export const RECIPE_OPTIONS = {
  epochs: {
    type: 'number',
    requiresArg: true,
    conflicts: 'minutes',
    describe: "Instead of the recipe's",
  },
  minutes: {
    type: 'number',
    requiresArg: true,
    describe: 'Train for so long; the learning rate follows the time',
  },
  'batch-size': { type: 'number', requiresArg: true, describe: "Instead of the recipe's" },
  'learning-rate': {
    type: 'number',
    requiresArg: true,
    describe: "At the start, instead of the recipe's",
  },
} as const satisfies Record<string, Options>;

interface RecipeArguments {
  readonly epochs: number | undefined;
  readonly minutes: number | undefined;
  readonly batchSize: number | undefined;
  readonly learningRate: number | undefined;
}

/** What the arguments of `RECIPE_OPTIONS` change of a recipe. */
export function overridesIn(argv: RecipeArguments): RecipeOverrides {
  const { epochs, minutes, batchSize, learningRate } = argv;
  return { budget: budgetOf(epochs, minutes), batchSize, initialLearningRate: learningRate };
}

function budgetOf(
  epochs: number | undefined,
  minutes: number | undefined,
): RecipeOverrides['budget'] {
  if (epochs !== undefined) return { epochs };
  return minutes === undefined ? undefined : { minutes };
}
