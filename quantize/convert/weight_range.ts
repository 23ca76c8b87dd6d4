import { BYTE_MAX, paramsFromRange } from '../params/quantization.ts';
import { LEAST_SYMMETRIC_BYTE, SYMMETRIC_ZERO_POINT } from '../params/weight_quantization.ts';
import { type ObservedRange, rangeOf } from './observed_range.ts';
import type { WeightChoice } from './recipe.ts';

/** A range is shrunk by this factor, step by step, down to `LEAST_SHARE` of it. */
const SHRINK = 0.9;
const LEAST_SHARE = 0.006;

/** Levels on each side of 0, of weights with a scale a channel. */
const CHANNEL_STEPS = SYMMETRIC_ZERO_POINT - LEAST_SYMMETRIC_BYTE;

/** After both ends together, each end by itself, in turn, so many times at most. */
const ROUNDS = 2;

/**
 * The range of a layer's weights: their own, or the shrunk one with the least Σ weight · error², clipping
 * included. With the inputs' variances as those weights, a weight on an input that hardly varies may
 * clip: what it adds is a constant, which the bias makes up for.
 * @param weights [K, M]
 * @param variances [K, M]: of the input that each weight multiplies; all count alike where they are not known, as
 *   those of a transposed convolution
 */
export function weightRange(
  weights: Float32Array,
  choice: WeightChoice['range'],
  variances?: Float64Array,
): ObservedRange {
  const { min, max } = rangeOf(weights);
  // Every range contains 0 (eq. 1).
  const own = { min: Math.min(min, 0), max: Math.max(max, 0) };
  switch (choice) {
    case 'minMax':
      return own;
    case 'mse':
      return leastSquares(own, weights, new Float64Array(weights.length).fill(1));
    case 'inputWeighted':
      return leastSquares(own, weights, variances ?? new Float64Array(weights.length).fill(1));
  }
}

/** The largest magnitude. */
export function reachOf(weights: Float32Array): number {
  return weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
}

/** `weightRange` of the weights of one channel at a symmetric range [−reach, reach]. */
export function weightReach(
  weights: Float32Array,
  choice: WeightChoice['range'],
  variances?: Float64Array,
): number {
  const own = reachOf(weights);
  if (choice === 'minMax' || own === 0) return own;
  const importances = choice === 'mse' ? new Float64Array(weights.length).fill(1) : variances!;
  let [best, least] = [own, Infinity];
  for (let share = 1; share >= LEAST_SHARE; share *= SHRINK) {
    const scale = (share * own) / CHANNEL_STEPS;
    const error = errorOnGrid(weights, importances, scale, [-CHANNEL_STEPS, CHANNEL_STEPS], least);
    if (!(error < least)) continue;
    least = error;
    best = share * own;
  }
  return best;
}

function leastSquares(
  { min, max }: ObservedRange,
  weights: Float32Array,
  importances: Float64Array,
): ObservedRange {
  let best: ObservedRange = { min, max };
  let least = Infinity;
  const sweep = (rangeAt: (share: number) => ObservedRange) => {
    for (let share = 1; share >= LEAST_SHARE; share *= SHRINK) {
      const range = rangeAt(share);
      const error = weightedError(weights, importances, range, least);
      if (!(error < least)) continue;
      least = error;
      best = range;
    }
  };
  sweep((share) => ({ min: min * share, max: max * share }));
  for (let round = 0; round < ROUNDS; round++) {
    const { min: low, max: high } = best;
    sweep((share) => ({ min: low, max: max * share }));
    const { max: top } = best;
    sweep((share) => ({ min: min * share, max: top }));
    if (best.min === low && best.max === high) break;
  }
  return best;
}

/** Added and taken off, it leaves the nearest integer of |x| < 2⁵¹, halves to even: `roundHalfEven` without a branch. */
const TO_INTEGER = 1.5 * 2 ** 52;

/** Σ importance · error², or more than `limit` where it is more. */
function weightedError(
  weights: Float32Array,
  importances: Float64Array,
  { min, max }: ObservedRange,
  limit: number,
): number {
  const { scale, zeroPoint } = paramsFromRange(min, max);
  return errorOnGrid(weights, importances, scale, [-zeroPoint, BYTE_MAX - zeroPoint], limit);
}

/** The same of levels in [low, high]. */
function errorOnGrid(
  weights: Float32Array,
  importances: Float64Array,
  scale: number,
  [low, high]: readonly [number, number],
  limit: number,
): number {
  let sum = 0;
  for (let i = 0; i < weights.length && sum <= limit; i++) {
    let level = weights[i] / scale + TO_INTEGER - TO_INTEGER;
    if (level < low) level = low;
    else if (level > high) level = high;
    const error = weights[i] - scale * level;
    sum += importances[i] * error * error;
  }
  return sum;
}
