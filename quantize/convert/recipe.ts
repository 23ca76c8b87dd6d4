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

/** Chosen by measurements on photographs that no figure is reported on. */
export const BEST: Recipe = {
  ...AS_PUBLISHED,
  name: 'best',
  weights: {
    ...AS_PUBLISHED.weights,
    range: 'inputWeighted',
    rounding: { rounding: 'secondOrder', layers: 'all', refit: 1 },
  },
  corrections: [{ correction: 'bias', from: 'images', steps: 5 }],
};

/** One scale a channel of weights, the rounding to the nearest: what LiteRT's and ONNX Runtime's quantizers do. */
export const PER_CHANNEL: Recipe = {
  ...AS_PUBLISHED,
  name: 'per-channel',
  weights: { ...AS_PUBLISHED.weights, granularity: 'channel', symmetric: true },
};

/** By name, as a command takes them. */
export const RECIPES: readonly Recipe[] = [AS_PUBLISHED, OPTION_1, BEST, PER_CHANNEL];
