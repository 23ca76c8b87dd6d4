import type { Dataset, ImageBatch, SkippedImage } from '../../datasets/dataset.ts';
import { type OrderSpan, wholeShare } from '../../datasets/order/shard.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import type { InputFacts } from '../open/model_facts.ts';
import { asInput, inputShape, preparationOf } from '../open/model_input.ts';

export interface TestImagesOptions {
  readonly dataset: Dataset;
  /** Which images of the seed's order, one span after the other. */
  readonly spans: readonly OrderSpan[];
  /** Indices of the split's images to choose from, ascending; all unless given. */
  readonly among?: Uint32Array | undefined;
  readonly seed: number;
  /** How they become the networks' input. */
  readonly input: InputFacts;
}

/** The images of a data set's test split that are looked at, in batches, as often as they are needed. */
export class TestImages {
  private readonly options: TestImagesOptions;
  private readonly context: Context;
  private readonly skippedImages = new Map<string, SkippedImage>();

  constructor(options: TestImagesOptions, context: Context) {
    this.options = options;
    this.context = context;
  }

  /** All of them, broken ones included. */
  get count(): number {
    return imagesOf(this.options.spans);
  }

  /** Images that could not be read. */
  get skipped(): readonly SkippedImage[] {
    return [...this.skippedImages.values()];
  }

  /**
   * Shows every batch to `visit`, with progress.
   * @param label what the progress calls the work
   * @param visit `span` is the place among the spans of the one that the batch is of
   * @param limit images, all unless given
   * @returns the number of images that were shown
   */
  async each(
    label: string,
    batchSize: number,
    visit: (batch: ImageBatch, span: number) => void,
    limit = Infinity,
  ): Promise<number> {
    const { dataset, seed, input, spans, among } = this.options;
    const { reporter, signal } = this.context;
    const shownSpans = upTo(limit, spans);
    const progress = reporter.start(label, imagesOf(shownSpans), 'images');
    let shown = 0;
    try {
      for (const [index, span] of shownSpans.entries()) {
        const batches = dataset.batches({
          ...span,
          split: 'test',
          batchSize,
          ...preparationOf(input),
          seed,
          among,
          share: wholeShare, // An image's batch is the same, whatever is broken before it.
          signal,
          onSkip: (image) => this.skip(image),
        });
        for await (const batch of batches) {
          signal.throwIfAborted();
          if (batch.shape[0] === 0) continue;
          const shape = inputShape(batch.shape, input);
          visit({ ...batch, shape, images: asInput(batch.images, input) }, index);
          shown += batch.shape[0];
          progress.update(shown);
        }
      }
      return shown;
    } finally {
      progress.end();
    }
  }

  private skip(image: SkippedImage): void {
    if (this.skippedImages.has(image.name)) return;
    this.skippedImages.set(image.name, image);
    this.context.reporter.warn(`skipped ${image.name}: ${image.reason}`);
  }
}

function imagesOf(spans: readonly OrderSpan[]): number {
  return spans.reduce((sum, { limit }) => sum + limit, 0);
}

/** The first `limit` images of the spans. */
function upTo(limit: number, spans: readonly OrderSpan[]): OrderSpan[] {
  let left = limit;
  return spans.flatMap(({ skip, limit: all }) => {
    const images = Math.min(all, left);
    left -= images;
    return images > 0 ? [{ skip, limit: images }] : [];
  });
}
