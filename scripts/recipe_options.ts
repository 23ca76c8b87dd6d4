/** What `train` and `rearchitect` may have otherwise than their recipe. */
import type { Options } from 'yargs';

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
