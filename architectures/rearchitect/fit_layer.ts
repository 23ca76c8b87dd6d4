import { RearchitectError } from './errors.ts';
import type { Moments } from './moments.ts';
import {
  interceptOf,
  type LinearFit,
  outputVariances,
  type RidgeSolution,
  RidgeSystem,
  unexplainedVariance,
} from './ridge.ts';

/**
 * Strengths λ of the penalty that are tried, relative to the mean variance of the features. The
 * search starts at the one of the layer before: neighbouring layers want similar ones.
 */
const LAMBDAS: readonly number[] = [1e-4, 1e-3, 1e-2, 1e-1, 1, 10];
/** Where the search starts, and what is taken where no image is held out to choose by. */
export const DEFAULT_LAMBDA = 1e-2;
/** Outputs that λ is chosen by and the unexplained variance is measured on: every k-th of more. */
const SAMPLED_OUTPUTS = 128;

/** What the rebuilt network says of the targets that it should have met, over positions of images. */
export interface Residuals {
  readonly positions: number;
  /** Σ (φ − φ̄)rᵀ, r: what is missing, φ̄: the features' mean over all images; [C, M] */
  readonly cross: Float64Array;
  /** Σ (φ − φ̄), [C] */
  readonly features: Float64Array;
  /** Σ r, [M] */
  readonly residuals: Float64Array;
}

/** A pointwise layer's fit, which can be improved. */
export class LayerFit implements LinearFit {
  /** Relative to the mean variance of the features. */
  readonly lambda: number;
  /**
   * Share of the targets' variance that the linear fit of the other images leaves on the held-out ones
   * (of a sample of the outputs where there are many); null where none is held out, or where the
   * targets of those that are do not vary.
   */
  readonly unexplainedVariance: number | null;
  /** Features that had one value at all positions. */
  readonly constant: readonly number[];
  private solution: RidgeSolution;
  private intercept: Float64Array;
  private readonly moments: Moments;
  private readonly system: RidgeSystem;

  /**
   * Fits a layer: λ is chosen on the held-out positions, the weights are those of all positions. The
   * penalty pulls toward the original weights behind the best linear approximation of the activation
   * that was dropped.
   * @param original the original layer's weights, [C, M]
   * @param likelyLambda where the search starts
   */
  constructor(
    fitting: Moments,
    heldOut: Moments | undefined,
    original: Float64Array,
    likelyLambda: number = DEFAULT_LAMBDA,
  ) {
    const chosen = heldOut && chooseLambda(fitting, heldOut, original, likelyLambda);
    this.lambda = chosen?.lambda ?? DEFAULT_LAMBDA;
    this.unexplainedVariance = chosen?.unexplained ?? null;
    this.moments = heldOut === undefined ? fitting : fitting.plus(heldOut);
    this.constant = this.moments.constantFeatures();
    this.system = systemOf(this.moments, original, this.lambda);
    const { moments } = this;
    this.solution = finite(this.system.solve(moments.crossScatter()));
    this.intercept = interceptOf(this.weights, moments.featureMeans(), moments.targetMeans());
  }

  get weights(): Float64Array {
    return this.solution.weights;
  }

  get bias(): Float64Array {
    return this.intercept;
  }

  featureMeans(): Float64Array {
    return this.moments.featureMeans();
  }

  /**
   * Solves again for other targets, of which the current fit misses `residuals` on some of the
   * positions. The equations are those of all positions.
   */
  improve({ positions, cross, features, residuals }: Residuals): void {
    const share = this.moments.positions / positions;
    const outputs = residuals.length;
    const centred = new Float64Array(cross.length);
    for (let c = 0; c < features.length; c++) {
      for (let m = 0; m < outputs; m++) {
        const i = c * outputs + m;
        centred[i] = share * (cross[i] - (features[c] * residuals[m]) / positions);
      }
    }
    const before = this.weights;
    this.solution = finite(this.system.improve(this.solution, centred));
    const step = this.weights.map((weight, index) => weight - before[index]);
    const means = this.featureMeans().map((mean, c) => mean + features[c] / positions);
    this.intercept = interceptOf(
      step,
      means,
      this.bias.map((value, m) => value + residuals[m] / positions),
    );
  }

  /** Mean and variance of each output without its bias over all images, [M]. */
  statistics(): { readonly mean: Float64Array; readonly variance: Float64Array } {
    const zero = new Float64Array(this.bias.length);
    return {
      mean: interceptOf(this.weights, this.featureMeans(), zero).map((value) => -value),
      variance: outputVariances(this.solution, this.bias.length, this.moments.positions),
    };
  }
}

function finite(solution: RidgeSolution): RidgeSolution {
  if (solution.weights.every(Number.isFinite)) return solution;
  throw new RearchitectError('Expected finite weights of the fitted layer but some are not', {
    remedy: 'Fit on more images.',
  });
}

/** The λ of a least unexplained variance: descends from the likely one, to whichever side is better. */
function chooseLambda(
  fitting: Moments,
  heldOut: Moments,
  original: Float64Array,
  likely: number,
): { lambda: number; unexplained: number | null } {
  const { outputs } = fitting;
  const stride = Math.ceil(outputs / SAMPLED_OUTPUTS);
  const columns = Array.from({ length: Math.ceil(outputs / stride) }, (_, i) => i * stride);
  const sampled = fitting.withTargets(columns);
  const measured = heldOut.withTargets(columns);
  const prior = original.filter((_, index) => (index % outputs) % stride === 0);
  const cross = sampled.crossScatter();
  const known = new Map<number, number>();
  const at = (place: number): number => {
    const lambda = LAMBDAS[place];
    if (lambda === undefined) return Infinity;
    const before = known.get(place);
    if (before !== undefined) return before;
    const { weights } = systemOf(sampled, prior, lambda).solve(cross);
    const bias = interceptOf(weights, sampled.featureMeans(), sampled.targetMeans());
    const unexplained = unexplainedVariance({ weights, bias }, measured);
    known.set(place, unexplained);
    return unexplained;
  };
  let place = Math.max(0, LAMBDAS.indexOf(likely));
  const step = at(place + 1) < at(place) ? 1 : -1;
  while (at(place + step) < at(place)) place += step;
  return { lambda: LAMBDAS[place], unexplained: measured.targetsVary() ? at(place) : null };
}

/** @param lambda relative to the mean variance of the features */
function systemOf(moments: Moments, original: Float64Array, lambda: number): RidgeSystem {
  const { inputs, outputs } = moments;
  const features = moments.featureScatter();
  const slopes = moments.activationSlopes();
  let trace = 0;
  for (let c = 0; c < inputs; c++) trace += features[c * inputs + c];
  return new RidgeSystem({
    features,
    inputs,
    penalty: new Float64Array(inputs).fill((lambda * trace) / inputs),
    prior: original.map((weight, index) => weight * slopes[Math.floor(index / outputs)]),
  });
}
