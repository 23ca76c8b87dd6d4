import { choleskyFactor, choleskySolve, multiply } from './cholesky.ts';
import { RearchitectError } from './errors.ts';
import type { Moments } from './moments.ts';

/** A linear map with an intercept, from C features to M outputs. */
export interface LinearFit {
  /** [C, M] */
  readonly weights: Float64Array;
  /** [M] */
  readonly bias: Float64Array;
}

export interface RidgeSolution {
  /** W, [C, M] */
  readonly weights: Float64Array;
  /** A·W, [C, M]: n times the covariances of features and outputs. */
  readonly scattered: Float64Array;
}

export interface RidgeSystemOptions {
  /** Covariances of the features times their number, A = Σ (φ − φ̄)(φ − φ̄)ᵀ, [C, C]. */
  readonly features: Float64Array;
  /** C. */
  readonly inputs: number;
  /** λ of each feature, [C], ≥ 0: D = diag(λ). */
  readonly penalty: Float64Array;
  /** The weights that the penalty pulls toward, W₀, [C, M]. */
  readonly prior: Float64Array;
}

/**
 * Ridge regression with an intercept (Hoerl and Kennard, 1970): the W [C, M] that minimizes
 * Σ‖Wᵀφ + b − t‖² + Σ_c λ_c·‖W_c − W₀_c‖², from the normal equations (A + D)·W = B + D·W₀ with
 * B = Σ (φ − φ̄)(t − t̄)ᵀ. The system is factored once, for any number of targets. A feature of
 * variance 0 says nothing: its weights are 0.
 */
export class RidgeSystem {
  private readonly options: RidgeSystemOptions;
  private readonly outputs: number;
  private readonly factor: Float64Array;

  /** @throws RearchitectError where the system cannot be solved in double precision */
  constructor(options: RidgeSystemOptions) {
    const { features, inputs, penalty, prior } = options;
    this.options = options;
    this.outputs = prior.length / inputs;
    const system = features.slice();
    for (let c = 0; c < inputs; c++) {
      const diagonal = c * inputs + c;
      system[diagonal] = this.isConstant(c) ? 1 : system[diagonal] + penalty[c];
    }
    const factor = choleskyFactor(system, inputs);
    if (factor === undefined) {
      throw new RearchitectError(
        `Expected a positive definite system of ${inputs} features but it is not`,
        { remedy: 'Fit on more images.' },
      );
    }
    this.factor = factor;
  }

  /** W for the targets of `cross`, B [C, M]. */
  solve(cross: Float64Array): RidgeSolution {
    const nothing = new Float64Array(cross.length);
    return this.improve({ weights: nothing, scattered: nothing }, cross);
  }

  /**
   * W for targets of which only what a solution leaves of them is known: W + ΔW with
   * (A + D)·ΔW = R + D·(W₀ − W).
   * @param residualCross R = Σ (φ − φ̄)(r − r̄)ᵀ with r = t − Wᵀφ − b, [C, M]
   */
  improve({ weights, scattered }: RidgeSolution, residualCross: Float64Array): RidgeSolution {
    const { inputs, penalty, prior } = this.options;
    const { outputs, factor } = this;
    const right = residualCross.slice();
    for (let c = 0; c < inputs; c++) {
      const row = c * outputs;
      if (this.isConstant(c)) right.fill(0, row, row + outputs);
      else addScaled(right, penalty[c], prior, weights, row, row + outputs);
    }
    const step = right.slice();
    choleskySolve(factor, inputs, step, outputs);
    // A·ΔW = R + D·(W₀ − W) − D·ΔW spares the product of A and W.
    for (let c = 0; c < inputs; c++) {
      const row = c * outputs;
      const pull = penalty[c];
      for (let i = row; i < row + outputs; i++) {
        right[i] += scattered[i] - pull * step[i];
        step[i] += weights[i];
      }
    }
    return { weights: step, scattered: right };
  }

  private isConstant(c: number): boolean {
    const { features, inputs } = this.options;
    return features[c * inputs + c] === 0;
  }
}

/** y += factor · (a − b) in [from, to). */
function addScaled(
  y: Float64Array,
  factor: number,
  a: Float64Array,
  b: Float64Array,
  from: number,
  to: number,
): void {
  for (let i = from; i < to; i++) y[i] += factor * (a[i] - b[i]);
}

/** b = t̄ − Wᵀφ̄ of targets with these means: with it the mean of the fitted targets is met. */
export function interceptOf(
  weights: Float64Array,
  featureMeans: Float64Array,
  targetMeans: Float64Array,
): Float64Array {
  const bias = targetMeans.slice();
  const outputs = bias.length;
  featureMeans.forEach((mean, c) => {
    for (let m = 0; m < outputs; m++) bias[m] -= weights[c * outputs + m] * mean;
  });
  return bias;
}

/** Variance of Wᵀφ for each of the outputs over the positions, [M]: Σ_c W∘(A·W) / n. */
export function outputVariances(
  { weights, scattered }: RidgeSolution,
  outputs: number,
  positions: number,
): Float64Array {
  const variances = new Float64Array(outputs);
  for (let row = 0; row < weights.length; row += outputs) {
    for (let m = 0; m < outputs; m++) {
      variances[m] += (weights[row + m] * scattered[row + m]) / positions;
    }
  }
  return variances.map((variance) => Math.max(variance, 0));
}

/**
 * Share of the targets' variance that a fit leaves unexplained, over all outputs:
 * Σ‖Wᵀφ + b − t‖² / Σ‖t − t̄‖². Above 1 where a constant would do better; 0 where nothing is left.
 */
export function unexplainedVariance({ weights, bias }: LinearFit, moments: Moments): number {
  const { inputs, outputs, positions } = moments;
  const cross = moments.crossScatter();
  const product = multiply(moments.featureScatter(), inputs, weights, outputs);
  const targets = moments.targetScatter();
  const best = interceptOf(weights, moments.featureMeans(), moments.targetMeans());
  let left = 0;
  let all = 0;
  for (let m = 0; m < outputs; m++) {
    // The mean's error and the scatter around it.
    left += targets[m] + positions * (bias[m] - best[m]) ** 2;
    all += targets[m];
  }
  for (let i = 0; i < weights.length; i++) left += weights[i] * (product[i] - 2 * cross[i]);
  // Rounding of the sums: nothing is left of targets that are constant.
  return left <= Number.EPSILON * all ? 0 : left / all;
}
