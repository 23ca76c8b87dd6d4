import type { Finding, FindingCause } from '../../quantize/analyze/analysis.ts';
import { BEST, type Recipe, type RecipePass } from '../../quantize/convert/recipe.ts';

/** What a recipe can do against causes of loss: a difference from another recipe. */
export interface RecipeRemedy {
  readonly name: string;
  /** The part of a cause's noise that it takes where it works, in [0, 1]: it orders the remedies. */
  readonly takes: Readonly<Partial<Record<FindingCause, number>>>;
  /** Whether it is tried though no finding asks for it. */
  readonly always?: boolean;
  readonly apply: (recipe: Recipe) => Recipe;
}

const REMEDIES: readonly RecipeRemedy[] = [
  {
    name: 'input-weighted range',
    takes: { deadChannels: 0.95, weightRange: 0.6, weightQuantization: 0.3 },
    always: true,
    apply: (recipe) => ({ ...recipe, weights: { ...recipe.weights, range: 'inputWeighted' } }),
  },
  {
    name: 'prune constant inputs',
    takes: { deadChannels: 0.9, weightRange: 0.5 },
    apply: (recipe) => withPass(recipe, { pass: 'pruneConstantInputs' }),
  },
  {
    name: 'mean variance for dead channels',
    takes: { deadChannels: 0.8 },
    apply: (recipe) => withPass(recipe, { pass: 'zeroVariance', policy: 'mean' }),
  },
  {
    name: 'equalize',
    takes: { weightRange: 0.7, weightQuantization: 0.5, activationRequantization: 0.2 },
    apply: (recipe) => withPass(recipe, { pass: 'equalize' }),
  },
  {
    name: 'second-order rounding',
    takes: { weightRange: 0.4, weightQuantization: 0.8 },
    always: true,
    apply: (recipe) => ({
      ...recipe,
      weights: { ...recipe.weights, rounding: BEST.weights.rounding },
    }),
  },
  {
    name: 'bias correction',
    takes: { deadChannels: 0.3, weightRange: 0.3, weightQuantization: 0.3, saturation: 0.2 },
    always: true,
    apply: (recipe) => ({ ...recipe, corrections: BEST.corrections }),
  },
  {
    name: 'observer of least squared error',
    takes: { rangeTooWide: 0.8, activationRequantization: 0.3 },
    apply: (recipe) => ({ ...recipe, observer: { observer: 'mse' } }),
  },
  {
    name: 'absorb biases',
    takes: { activationRequantization: 0.1 },
    apply: (recipe) => withPass(recipe, { pass: 'absorbBias', deviations: 3 }),
  },
];

/** Last: single steps may each pay nothing where they do together. */
const TOGETHER: RecipeRemedy = {
  name: 'best',
  takes: {},
  apply: (recipe) => ({ ...recipe, weights: BEST.weights, corrections: BEST.corrections }),
};

export interface OrderedRemedy extends RecipeRemedy {
  /** Noise on the outputs by their energy that goes with it, where the remedy works. */
  readonly predictedGain: number;
}

/** The remedies that a diagnosis asks for and those that are always tried, the greatest predicted gain first. */
export function remediesFor(
  diagnosis: readonly Pick<Finding, 'cause' | 'cost'>[],
): readonly OrderedRemedy[] {
  const costs = new Map(diagnosis.map(({ cause, cost }) => [cause, cost.cause]));
  const ordered = REMEDIES.map((remedy) => ({
    ...remedy,
    predictedGain: Object.entries(remedy.takes).reduce(
      (sum, [cause, part]) => sum + part * (costs.get(cause as FindingCause) ?? 0),
      0,
    ),
  })).filter(({ predictedGain, always }) => predictedGain > 0 || always === true);
  return [
    ...ordered.sort((a, b) => b.predictedGain - a.predictedGain),
    { ...TOGETHER, predictedGain: 0 },
  ];
}

/** Passes stand in the order in which they make sense, whenever they were added. */
const PASS_ORDER: readonly RecipePass['pass'][] = [
  'zeroVariance',
  'pruneConstantInputs',
  'equalize',
  'absorbBias',
];

function withPass(recipe: Recipe, pass: RecipePass): Recipe {
  const others = recipe.passes.filter((other) => other.pass !== pass.pass);
  const place = (other: RecipePass) => PASS_ORDER.indexOf(other.pass);
  return { ...recipe, passes: [...others, pass].sort((a, b) => place(a) - place(b)) };
}
