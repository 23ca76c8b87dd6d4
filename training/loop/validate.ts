import { setImmediate } from 'node:timers/promises';
import type { LabelledBatch } from '../../datasets/dataset.ts';
import { rankOf } from '../../datasets/scoring/top_k.ts';
import type { TrainStep } from '../step/train_step.ts';
import { readAhead } from './read_ahead.ts';

/** How a network does on images that it does not train on. */
export interface Validation {
  /** Mean cross-entropy in nats. */
  readonly loss: number;
  /** In percent of the images. */
  readonly top1: number;
  /** In percent of the images. */
  readonly top5: number;
}

/**
 * Measures the network that a step is to give on `batches`; logits that are NaN count as wrong and
 * make the loss NaN.
 * @returns undefined where no image came, or the signal was aborted
 */
export async function validate(
  step: Pick<TrainStep, 'predict'>,
  batches: AsyncIterable<LabelledBatch>,
  signal?: AbortSignal,
): Promise<Validation | undefined> {
  const sums = { loss: 0, first: 0, firstFive: 0, images: 0 };
  for await (const batch of readAhead(batches)) {
    if (signal?.aborted) return undefined;
    const logits = step.predict(batch.images, batch.shape);
    const classes = logits.length / batch.labels.length;
    batch.labels.forEach((label, n) => {
      const scores = logits.subarray(n * classes, (n + 1) * classes);
      const loss = crossEntropy(scores, label);
      sums.loss += loss;
      if (Number.isNaN(loss)) return;
      const rank = rankOf(scores, label, batch.names[n]);
      if (rank < 1) sums.first++;
      if (rank < 5) sums.firstFive++;
    });
    sums.images += batch.labels.length;
    // A prediction blocks the event loop, as a step does.
    await setImmediate();
  }
  const { loss, first, firstFive, images } = sums;
  if (images === 0) return undefined;
  return { loss: loss / images, top1: (100 * first) / images, top5: (100 * firstFive) / images };
}

/** −log softmax(logits)[label], in nats; logits: [classes] */
export function crossEntropy(logits: Float32Array, label: number): number {
  const largest = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - largest);
  return Math.log(sum) + largest - logits[label];
}
