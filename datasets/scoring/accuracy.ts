import { UserError } from '../../foundation/errors.ts';
import type { LabelledBatch } from '../dataset.ts';
import { checkInteger } from '../order/order.ts';
import { rankOf, type Scores } from './top_k.ts';

/** In percent of `images`. */
export interface Accuracy {
  readonly top1: number;
  readonly top5: number;
  /** Images that were scored. */
  readonly images: number;
}

export interface AccuracyOptions {
  readonly batches: Iterable<LabelledBatch> | AsyncIterable<LabelledBatch>;
  /** images [N, H, W, 3] → logits [N, classes]. Called for one batch after another. */
  readonly predict: (images: Float32Array, shape: LabelledBatch['shape']) => Promise<Scores>;
  /** Logits of an image. */
  readonly classes: number;
  /** Class of label 0: 1 for networks whose class 0 is the background. */
  readonly labelOffset: number;
  readonly signal?: AbortSignal;
  /** Called after each batch with the number of images scored so far. */
  readonly onProgress?: (images: number) => void;
}

/** Images that were scored, and of how many the class was the first, and among the first five. */
export interface RightCounts {
  readonly images: number;
  readonly first: number;
  readonly firstFive: number;
}

/**
 * Top-1 and top-5 accuracy: how often the label's class is the highest logit, or among the five
 * highest; of equal logits the lower index is the higher, as in tf.math.top_k. One batch is held
 * at a time.
 *
 * @throws UserError where there is no image, a label has no class, or the logits' number is wrong or
 *   one of them NaN; what `predict` throws; the signal's reason when aborted
 */
export async function measureAccuracy(options: AccuracyOptions): Promise<Accuracy> {
  return accuracyOf(await countRight(options));
}

/** As `measureAccuracy`, the counts, which those of other images can be added to. */
export async function countRight(options: AccuracyOptions): Promise<RightCounts> {
  const { batches, predict, classes, labelOffset, signal, onProgress } = options;
  checkInteger('classes', classes, 1);
  checkInteger('labelOffset', labelOffset, 0);
  let images = 0;
  let first = 0;
  let firstFive = 0;
  for await (const batch of batches) {
    signal?.throwIfAborted();
    if (batch.labels.length === 0) continue;
    const logits = await predict(batch.images, batch.shape);
    signal?.throwIfAborted();
    for (const rank of ranks(batch, logits, classes, labelOffset)) {
      if (rank < 1) first++;
      if (rank < 5) firstFive++;
    }
    images += batch.labels.length;
    onProgress?.(images);
  }
  return { images, first, firstFive };
}

/** Of the images of both. */
export function joinedCounts(a: RightCounts, b: RightCounts): RightCounts {
  return {
    images: a.images + b.images,
    first: a.first + b.first,
    firstFive: a.firstFive + b.firstFive,
  };
}

/** In percent of the images. */
export function percentRight({ images, first, firstFive }: RightCounts): Omit<Accuracy, 'images'> {
  return { top1: (100 * first) / images, top5: (100 * firstFive) / images };
}

/** @throws UserError where there is no image */
export function accuracyOf(counts: RightCounts): Accuracy {
  const { images } = counts;
  if (images === 0) {
    throw new UserError('Expected at least one image to measure accuracy but received none.', {
      remedy: 'Raise the limit, or see why images were skipped.',
    });
  }
  return { ...percentRight(counts), images };
}

/** Rank of each image's class among its logits [N, classes]. */
function ranks(
  batch: LabelledBatch,
  logits: Scores,
  classes: number,
  labelOffset: number,
): number[] {
  const count = batch.labels.length;
  if (logits.length !== count * classes) {
    throw new UserError(
      `Expected ${count} × ${classes} logits for ${count} images but received ${logits.length}.`,
      { remedy: 'Pass the number of classes that the network has.' },
    );
  }
  return Array.from(batch.labels, (label, n) => {
    const index = label + labelOffset;
    if (index < 0 || index >= classes) {
      throw new UserError(
        `Expected a class in [0, ${classes - 1}] for ${batch.names[n]} but its label is ${label} (class ${index}).`,
        { remedy: 'Use a network with the classes of the data set.' },
      );
    }
    return rankOf(logits.subarray(n * classes, (n + 1) * classes), index, batch.names[n]);
  });
}
