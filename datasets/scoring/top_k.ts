import { UserError } from '../../foundation/errors.ts';
import { checkInteger } from '../order/order.ts';

/** Scores of one image, by class: logits, probabilities or quantized logits. */
export type Scores = Float32Array | Uint8Array;

/**
 * Indices and values of the k largest scores, largest first; equal scores in the order of their
 * indices, as tf.math.top_k. Fewer than k where there are fewer scores.
 *
 * @throws UserError where a score is NaN, or k is no positive integer
 */
export function topK(scores: Scores, k: number): { indices: number[]; values: number[] } {
  checkInteger('k', k, 1);
  checkNoNaN(scores, 'the scores');
  const indices = Array.from(scores.keys())
    .sort((a, b) => scores[b] - scores[a] || a - b)
    .slice(0, k);
  return { indices, values: indices.map((index) => scores[index]) };
}

/**
 * How many classes stand before `index` in the order of topK: 0 where it is the first.
 *
 * @throws UserError where a score is NaN; `name` says whose
 */
export function rankOf(scores: Scores, index: number, name: string): number {
  checkNoNaN(scores, name);
  const score = scores[index];
  let rank = 0;
  for (let other = 0; other < scores.length; other++) {
    if (scores[other] > score || (scores[other] === score && other < index)) rank++;
  }
  return rank;
}

function checkNoNaN(scores: Scores, name: string): void {
  if (scores instanceof Uint8Array) return;
  const index = scores.findIndex(Number.isNaN);
  if (index < 0) return;
  throw new UserError(`Expected a number for class ${index} of ${name} but received NaN.`, {
    remedy: 'The network computes infinite values: check its weights, or lower the learning rate.',
  });
}
