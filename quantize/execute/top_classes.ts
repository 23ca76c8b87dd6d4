import type { Tf8Model, Tf8Node } from '../model/tf8_model.ts';
import { expected } from '../params/errors.ts';

/** A class that a network takes an image for. */
export interface ClassScore {
  /** Output of the network. */
  readonly index: number;
  readonly name: string;
  readonly probability: number;
}

/** What the outputs of a network stand for. */
export type Labels = Pick<Tf8Model, 'classNames' | 'labelOffset'>;

/**
 * The `count` likeliest classes, the likeliest first; equal ones in the order of their indices.
 * @param probabilities [classes]
 * @throws QuantizationError where one is NaN, or `count` is no positive integer
 */
export function topClasses(
  probabilities: Float32Array,
  { classNames, labelOffset }: Labels,
  count: number,
): readonly ClassScore[] {
  if (!(Number.isSafeInteger(count) && count >= 1)) throw expected('integer ≥ 1', 'count', count);
  const hole = probabilities.findIndex(Number.isNaN);
  if (hole >= 0) throw expected('a number', `the probability of class ${hole}`, Number.NaN);
  return Array.from(probabilities.keys())
    .sort((a, b) => probabilities[b] - probabilities[a] || a - b)
    .slice(0, count)
    .map((index) => ({
      index,
      name:
        index < labelOffset ? 'background' : (classNames[index - labelOffset] ?? `class ${index}`),
      probability: probabilities[index],
    }));
}

/**
 * Probabilities [classes] of what a network gives for them, in a new array: itself where a softmax
 * or a sigmoid made it, its sigmoid where there is one number, else its softmax.
 * @param maker the node that gave it
 */
export function classProbabilities(values: Float32Array, maker: Tf8Node): Float32Array {
  if (maker.op === 'softmax') return values.slice();
  if (maker.op === 'lookup' && maker.function === 'sigmoid') return values.slice();
  return values.length === 1 ? values.map((x) => 1 / (1 + Math.exp(-x))) : softmax(values);
}

/** Probabilities [classes] of logits [classes], in a new array; all NaN where one is. */
export function softmax(logits: Float32Array): Float32Array {
  // Less the largest, so that no power overflows.
  const largest = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = logits.map((logit) => Math.exp(logit - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}
