import type { ImageBatch } from '../../datasets/dataset.ts';
import type { RightCounts } from '../../datasets/scoring/accuracy.ts';
import { rankOf, type Scores } from '../../datasets/scoring/top_k.ts';
import { InvalidValueError, UserError } from '../../foundation/errors.ts';

/** Counts how often the label's class is first, or among the first five. */
export class Score {
  private images = 0;
  private first = 0;
  private firstFive = 0;

  /**
   * @param logits [N, classes]
   * @returns [N] whether an image's class is first
   * @throws UserError where a label has no output
   */
  add(logits: Scores, batch: Omit<ImageBatch, 'images'>, labelOffset: number): readonly boolean[] {
    const ranks = ranksOf(logits, batch, labelOffset);
    for (const rank of ranks) {
      if (rank < 1) this.first++;
      if (rank < 5) this.firstFive++;
    }
    this.images += ranks.length;
    return ranks.map((rank) => rank < 1);
  }

  counts(): RightCounts {
    const { images, first, firstFive } = this;
    return { images, first, firstFive };
  }
}

/** [N] outputs before that of the image's class. */
function ranksOf(
  logits: Scores,
  { labels, names }: Omit<ImageBatch, 'images'>,
  labelOffset: number,
): readonly number[] {
  if (labels === undefined) throw new InvalidValueError(`Expected a class of ${names[0]}`);
  const classes = logits.length / labels.length;
  return Array.from(labels, (label, n) => {
    const index = label + labelOffset;
    if (index >= classes) {
      throw new UserError(
        `Expected a class in [0, ${classes - 1}] for ${names[n]} but its label is ${label} (class ${index})`,
        { remedy: 'Use a network with the classes of the data set.' },
      );
    }
    return rankOf(logits.subarray(n * classes, (n + 1) * classes), index, names[n]);
  });
}
