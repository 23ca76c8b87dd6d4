import { BYTE_MAX } from '../params/quantization.ts';
import { clamp, roundHalfEven } from '../params/rounding.ts';
import {
  isPerChannel,
  LEAST_SYMMETRIC_BYTE,
  type WeightQuantization,
  weightScale,
} from '../params/weight_quantization.ts';
import { choleskyFactor, fromBottom, product } from './matrices.ts';

/** Added to the covariance's diagonal, in parts of its mean: GPTQ's default. */
const DAMPING = 0.01;

/** Up to so many inputs of an output, the best of all roundings is searched for. */
const SEARCHED_INPUTS = 16;

/** Places in the search of one output's rounding, at most: a bound on time. */
const SEARCHED_PLACES = 4000;

/** Coordinate descent goes so many times through the inputs, at most. */
const DESCENTS = 3;

/** Weights [K, M] as bytes. */
export interface RoundedWeights {
  readonly bytes: Uint8Array;
  /** Σ over outputs of eᵀ·H·e, e the errors of an output's weights, real numbers. */
  readonly error: number;
  /** The same with each weight at its nearest byte. */
  readonly nearestError: number;
}

/**
 * Rounds the weights of outputs that read the same inputs, so that the outputs change little: with e the errors
 * of one output's weights and H the inputs' covariance, eᵀ·H·e is to be small, not each error. One input
 * after the other, the largest variance first, is rounded and its error fed into the rest (GPTQ, arXiv
 * 2210.17323, in the form of Babai's nearest plane on the Cholesky factor of H, arXiv 2507.18553); then
 * coordinate descent on the grid. Of few inputs, the best rounding is found (Schnorr and Euchner's search). It
 * is never worse than rounding to the nearest.
 * @param weights [K, M]
 * @param hessian [K, K], symmetric, positive semidefinite
 * @param quantization of scales a channel, those of the M outputs
 */
export function roundSecondOrder(
  weights: Float64Array,
  hessian: Float64Array,
  quantization: WeightQuantization,
): RoundedWeights {
  const inputs = Math.sqrt(hessian.length);
  const outputs = weights.length / inputs;
  const problem = problemOf(weights, hessian, quantization, inputs, outputs);
  const nearest = problem.targets.map((target) => toByte(target, problem.least));
  const scaled = (errors: Float64Array) =>
    isPerChannel(quantization)
      ? errors.reduce((sum, error, m) => sum + quantization.scales[m] ** 2 * error, 0)
      : quantization.scale ** 2 * errors.reduce((sum, error) => sum + error, 0);
  const slopes = slopesOf(problem, nearest);
  const nearestErrors = errorsOf(problem, nearest, slopes);
  const factor = choleskyFactor(problem.hessian, inputs);
  const found = new Solution(problem, nearest, slopes, nearestErrors);
  if (factor !== undefined) {
    found.take(nearestPlane(problem, factor));
    found.descend();
    if (inputs <= SEARCHED_INPUTS) found.search(factor);
  } else found.descend();
  // Inputs that never vary leave nothing to be wrong about.
  const isDead = !hessian.some((value) => value !== 0);
  const bytes = new Uint8Array(weights.length);
  problem.order.forEach((input, k) => {
    for (let m = 0; m < outputs; m++) bytes[input * outputs + m] = found.levels[k * outputs + m];
  });
  if (isDead) return { bytes, error: 0, nearestError: 0 };
  return { bytes, error: scaled(found.errors()), nearestError: scaled(nearestErrors) };
}

/** The weights in steps of their grid, inputs in ascending order of their variance. */
interface Problem {
  readonly inputs: number;
  readonly outputs: number;
  /** [K] the input at each place. */
  readonly order: readonly number[];
  /** [K, M] what the levels, integers in [least, 255], are to be. */
  readonly targets: Float64Array;
  readonly least: number;
  /** [K, K] damped. */
  readonly hessian: Float64Array;
}

function problemOf(
  weights: Float64Array,
  hessian: Float64Array,
  quantization: WeightQuantization,
  inputs: number,
  outputs: number,
): Problem {
  const variance = (input: number) => hessian[input * inputs + input];
  const order = Array.from({ length: inputs }, (_, input) => input).sort(
    (a, b) => variance(a) - variance(b) || a - b,
  );
  const mean = order.reduce((sum, input) => sum + variance(input), 0) / inputs;
  const damping = mean > 0 ? DAMPING * mean : 1;
  const targets = new Float64Array(inputs * outputs);
  const permuted = new Float64Array(inputs * inputs);
  order.forEach((input, k) => {
    for (let m = 0; m < outputs; m++) {
      const scale = weightScale(quantization, m);
      targets[k * outputs + m] = weights[input * outputs + m] / scale + quantization.zeroPoint;
    }
    order.forEach((other, j) => {
      permuted[k * inputs + j] = hessian[input * inputs + other];
    });
    permuted[k * inputs + k] += damping;
  });
  const least = isPerChannel(quantization) ? LEAST_SYMMETRIC_BYTE : 0;
  return { inputs, outputs, order, targets, least, hessian: permuted };
}

function toByte(level: number, least: number): number {
  return clamp(roundHalfEven(level), least, BYTE_MAX);
}

/** Levels [K, M] by Babai's nearest plane: each one as its error and those before it demand. */
function nearestPlane(
  { inputs, outputs, targets, least }: Problem,
  factor: Float64Array,
): Float64Array {
  const levels = new Float64Array(targets.length);
  const errors = new Float64Array(targets.length);
  fromBottom(factor, inputs, outputs, errors, (k, sums) => {
    const pivot = factor[k * inputs + k];
    for (let at = k * outputs, m = 0; m < outputs; at++, m++) {
      const level = toByte(targets[at] + sums[m] / pivot, least);
      levels[at] = level;
      errors[at] = targets[at] - level;
    }
  });
  return levels;
}

/** H · (targets − levels), [K, M]. */
function slopesOf(
  { inputs, outputs, targets, hessian }: Problem,
  levels: Float64Array,
): Float64Array {
  const differences = new Float64Array(targets.length);
  for (let at = 0; at < targets.length; at++) differences[at] = targets[at] - levels[at];
  if (inputs <= SEARCHED_INPUTS) {
    const slopes = new Float64Array(differences.length);
    for (let k = 0; k < inputs; k++) {
      for (let j = 0; j < inputs; j++) {
        const h = hessian[k * inputs + j];
        for (let m = 0; m < outputs; m++)
          slopes[k * outputs + m] += h * differences[j * outputs + m];
      }
    }
    return slopes;
  }
  return Float64Array.from(
    product(
      { values: Float32Array.from(hessian), rows: inputs, columns: inputs },
      { values: Float32Array.from(differences), rows: inputs, columns: outputs },
    ),
  );
}

/** (targets − levels)ᵀ · slopes of each output, [M]. */
function errorsOf(
  { outputs, targets }: Problem,
  levels: Float64Array,
  slopes: Float64Array,
): Float64Array {
  const errors = new Float64Array(outputs);
  for (let at = 0; at < targets.length; at++) {
    errors[at % outputs] += (targets[at] - levels[at]) * slopes[at];
  }
  return errors;
}

/** The best levels so far, of each output by itself. */
class Solution {
  readonly levels: Float64Array;
  private readonly problem: Problem;
  private readonly slopes: Float64Array;
  private readonly best: Float64Array;

  constructor(problem: Problem, levels: Float64Array, slopes: Float64Array, errors: Float64Array) {
    this.problem = problem;
    this.levels = levels.slice();
    this.slopes = slopes.slice();
    this.best = errors.slice();
  }

  errors(): Float64Array {
    return this.best;
  }

  /** Takes the outputs of `levels` that are better. */
  take(levels: Float64Array): void {
    const { outputs } = this.problem;
    const slopes = slopesOf(this.problem, levels);
    errorsOf(this.problem, levels, slopes).forEach((error, m) => {
      if (!(error < this.best[m])) return;
      this.best[m] = error;
      for (let at = m; at < levels.length; at += outputs) {
        this.levels[at] = levels[at];
        this.slopes[at] = slopes[at];
      }
    });
  }

  /** Moves one level at a time, to where the error is least, as long as it falls. */
  descend(): void {
    const { inputs, outputs, hessian, least } = this.problem;
    const slopes = new Float64Array(inputs);
    for (let m = 0; m < outputs; m++) {
      for (let k = 0; k < inputs; k++) slopes[k] = this.slopes[k * outputs + m];
      for (let pass = 0; pass < DESCENTS; pass++) {
        let moved = false;
        for (let k = inputs - 1; k >= 0; k--) {
          const curvature = hessian[k * inputs + k];
          const wanted = slopes[k] / curvature;
          if (wanted <= 0.5 && wanted >= -0.5) continue;
          const at = k * outputs + m;
          const step = toByte(this.levels[at] + roundHalfEven(wanted), least) - this.levels[at];
          const gain = step * (2 * slopes[k] - step * curvature);
          if (!(gain > 0)) continue;
          this.levels[at] += step;
          this.best[m] -= gain;
          for (let j = 0, row = k * inputs; j < inputs; j++, row++)
            slopes[j] -= step * hessian[row];
          moved = true;
        }
        if (!moved) break;
      }
    }
  }

  /** Searches each output's levels for the best ones, from the last input to the first, nearest first. */
  search(factor: Float64Array): void {
    const { inputs, outputs, targets, least } = this.problem;
    const target = new Float64Array(inputs);
    const levels = new Float64Array(inputs);
    for (let m = 0; m < outputs; m++) {
      for (let k = 0; k < inputs; k++) {
        target[k] = targets[k * outputs + m];
        levels[k] = this.levels[k * outputs + m];
      }
      const error = searchLevels(factor, target, levels, { bound: this.best[m], least });
      if (!(error < this.best[m])) continue;
      this.best[m] = error;
      for (let k = 0; k < inputs; k++) this.levels[k * outputs + m] = levels[k];
    }
  }
}

/**
 * The levels with the least ‖R · (target − levels)‖² below `bound`, written into `levels`.
 * @returns what it is; `bound` where none is less
 */
function searchLevels(
  factor: Float64Array,
  target: Float64Array,
  levels: Float64Array,
  { bound, least: leastLevel }: { readonly bound: number; readonly least: number },
): number {
  const n = target.length;
  const current = new Float64Array(n);
  const errors = new Float64Array(n);
  let least = bound;
  let places = 0;
  const place = (k: number, sum: number): void => {
    const pivot = factor[k * n + k];
    let pull = 0;
    for (let j = k + 1; j < n; j++) pull += factor[k * n + j] * errors[j];
    const center = target[k] + pull / pivot;
    const first = toByte(center, leastLevel);
    // The levels in the order of their distance: first, then on both sides in turn.
    for (let up = first, down = first - 1; up <= BYTE_MAX || down >= leastLevel; ) {
      const isUp = down < leastLevel || (up <= BYTE_MAX && up - center <= center - down);
      const level = isUp ? up++ : down--;
      const own = pivot * (center - level);
      const total = sum + own * own;
      if (!(total < least) || places++ > SEARCHED_PLACES) return;
      current[k] = level;
      errors[k] = target[k] - level;
      if (k > 0) place(k - 1, total);
      else {
        least = total;
        levels.set(current);
        return;
      }
    }
  };
  place(n - 1, 0);
  return least;
}
