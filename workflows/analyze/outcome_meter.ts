import type { ImageBatch } from '../../datasets/dataset.ts';
import { joinedCounts, percentRight, type RightCounts } from '../../datasets/scoring/accuracy.ts';
import { type Scores, topK } from '../../datasets/scoring/top_k.ts';
import type { AccuracyAnalysis, Agreement } from '../../quantize/analyze/analysis.ts';
import { Score } from './score.ts';

/** What becomes of the images' first classes in TF8. */
export interface Outcome {
  readonly agreement: Agreement;
  /** Absent where nobody says what the images show. */
  readonly accuracy?: AccuracyAnalysis;
}

/** The counts that an outcome is made of. */
export interface OutcomeSums {
  readonly images: number;
  readonly agreeing: number;
  /** Absent where nobody says what the images show. */
  readonly right?: {
    readonly float: RightCounts;
    readonly tf8: RightCounts;
    readonly onlyFloatRight: number;
    readonly onlyTf8Right: number;
  };
}

/** Compares what both networks take images for, with each other and with the images' classes. */
export class OutcomeMeter {
  private readonly labelOffset: number | undefined;
  private readonly float = new Score();
  private readonly tf8 = new Score();
  private images = 0;
  private agreeing = 0;
  private onlyFloatRight = 0;
  private onlyTf8Right = 0;

  /** @param labelOffset the output of class 0; undefined where the images have no classes of the network */
  constructor(labelOffset: number | undefined) {
    this.labelOffset = labelOffset;
  }

  /** @throws UserError where a label has no output */
  add({ float, tf8 }: Readonly<Record<'float' | 'tf8', Scores>>, batch: ImageBatch): void {
    const [images] = batch.shape;
    const classes = float.length / images;
    for (let n = 0; n < images; n++) {
      const firstOf = (logits: Scores) =>
        topK(logits.subarray(n * classes, (n + 1) * classes), 1).indices[0];
      if (firstOf(float) === firstOf(tf8)) this.agreeing++;
    }
    this.images += images;
    if (this.labelOffset === undefined) return;
    const inFloat = this.float.add(float, batch, this.labelOffset);
    const inTf8 = this.tf8.add(tf8, batch, this.labelOffset);
    inFloat.forEach((isRight, n) => {
      if (isRight && !inTf8[n]) this.onlyFloatRight++;
      if (!isRight && inTf8[n]) this.onlyTf8Right++;
    });
  }

  sums(): OutcomeSums {
    const { images, agreeing, onlyFloatRight, onlyTf8Right } = this;
    if (this.labelOffset === undefined) return { images, agreeing };
    const [float, tf8] = [this.float.counts(), this.tf8.counts()];
    return { images, agreeing, right: { float, tf8, onlyFloatRight, onlyTf8Right } };
  }

  outcome(): Outcome {
    return outcomeOf(this.sums());
  }
}

export function joinedOutcome(a: OutcomeSums, b: OutcomeSums): OutcomeSums {
  const right = a.right &&
    b.right && {
      float: joinedCounts(a.right.float, b.right.float),
      tf8: joinedCounts(a.right.tf8, b.right.tf8),
      onlyFloatRight: a.right.onlyFloatRight + b.right.onlyFloatRight,
      onlyTf8Right: a.right.onlyTf8Right + b.right.onlyTf8Right,
    };
  return {
    images: a.images + b.images,
    agreeing: a.agreeing + b.agreeing,
    ...(right && { right }),
  };
}

export function outcomeOf({ images, agreeing, right }: OutcomeSums): Outcome {
  const agreement = { images, agreeing };
  if (right === undefined) return { agreement };
  const { onlyFloatRight, onlyTf8Right } = right;
  const [float, tf8] = [percentRight(right.float), percentRight(right.tf8)];
  return { agreement, accuracy: { images, float, tf8, onlyFloatRight, onlyTf8Right } };
}
