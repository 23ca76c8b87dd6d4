/** The recipes of quantization that have a name. They load no schema: the command lists them in its help. */
import type { Recipe } from './recipe_schema.ts';

export type {
  CorrectionChoice,
  ObserverChoice,
  Recipe,
  RecipePass,
  WeightChoice,
} from './recipe_schema.ts';

/** Ranges from minimum to maximum and nothing else: the 8 bits of the paper's first rows. */
export const AS_PUBLISHED: Recipe = {
  name: 'as-published',
  passes: [],
  observer: { observer: 'minMax' },
  weights: {
    granularity: 'tensor',
    symmetric: false,
    range: 'minMax',
    rounding: { rounding: 'nearest' },
  },
  corrections: [],
};

/** Option 1 of arXiv 1803.08607, section 3.1. */
export const OPTION_1: Recipe = {
  ...AS_PUBLISHED,
  name: 'option-1',
  passes: [{ pass: 'zeroVariance', policy: 'mean' }],
};

/** The mean error of each channel goes into its bias, from unlabelled images. */
export const BIAS_CORRECTED: Recipe = {
  ...AS_PUBLISHED,
  name: 'bias-corrected',
  corrections: [{ correction: 'bias', from: 'images', steps: 5 }],
};

/** And weights get the range that their inputs ask for. */
export const INPUT_WEIGHTED: Recipe = {
  ...BIAS_CORRECTED,
  name: 'input-weighted',
  weights: { ...BIAS_CORRECTED.weights, range: 'inputWeighted' },
};

/** And depthwise weights are rounded by what their inputs make of the errors. */
const DEPTHWISE_ROUNDED: Recipe = {
  ...INPUT_WEIGHTED,
  name: 'depthwise-rounded',
  weights: {
    ...INPUT_WEIGHTED.weights,
    rounding: { rounding: 'secondOrder', layers: 'depthwise' },
  },
};

/** And so are all weights. */
export const ROUNDED: Recipe = {
  ...INPUT_WEIGHTED,
  name: 'rounded',
  weights: { ...INPUT_WEIGHTED.weights, rounding: { rounding: 'secondOrder', layers: 'all' } },
};

/**
 * And weights are refitted to the quantized inputs before. Chosen by measurements on photographs: see
 * docs/recipes.md.
 */
export const BEST: Recipe = {
  ...INPUT_WEIGHTED,
  name: 'best',
  weights: {
    ...INPUT_WEIGHTED.weights,
    rounding: { rounding: 'secondOrder', layers: 'all', refit: 1 },
  },
};

/** From plain 8 bits to the best recipe, rung by rung: each does one thing more than the one before. */
export const LADDER: readonly Recipe[] = [
  AS_PUBLISHED,
  BIAS_CORRECTED,
  INPUT_WEIGHTED,
  DEPTHWISE_ROUNDED,
  ROUNDED,
  BEST,
];

/** One scale a channel of weights, the rounding to the nearest: what LiteRT's and ONNX Runtime's quantizers do. */
export const PER_CHANNEL: Recipe = {
  ...AS_PUBLISHED,
  name: 'per-channel',
  weights: { ...AS_PUBLISHED.weights, granularity: 'channel', symmetric: true },
};

/** By name, as a command takes them. */
export const RECIPES: readonly Recipe[] = [AS_PUBLISHED, OPTION_1, ...LADDER.slice(1), PER_CHANNEL];
