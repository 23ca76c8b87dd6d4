import type { Dataset, ImageBatch, SkippedImage } from '../../datasets/dataset.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import type { InputFacts } from '../open/model_facts.ts';
import { asInput, inputShape, preparationOf } from '../open/model_input.ts';

export interface TestImagesOptions {
  readonly dataset: Dataset;
  /** Images of the seed's order, broken ones included. */
  readonly limit: number;
  /** Images at the start of the seed's order that are left out; 0 unless given. */
  readonly skip?: number | undefined;
  /** Indices of the split's images to choose from, ascending; all unless given. */
  readonly among?: Uint32Array | undefined;
  readonly seed: number;
  /** How they become the networks' input. */
  readonly input: InputFacts;
}

/** The images of a data set's test split that are analyzed, in batches, as often as they are needed. */
export class TestImages {
  private readonly options: TestImagesOptions;
  private readonly context: Context;
  private readonly skippedImages = new Map<string, SkippedImage>();

  constructor(options: TestImagesOptions, context: Context) {
    this.options = options;
    this.context = context;
  }

  /** Images that could not be read. */
  get skipped(): number {
    return this.skippedImages.size;
  }

  /**
   * Shows every batch to `visit`, with progress.
   * @param label what the progress calls the work
   * @param limit images, all unless given
   * @returns the number of images that were shown
   */
  async each(
    label: string,
    batchSize: number,
    visit: (batch: ImageBatch) => void,
    limit = this.options.limit,
  ): Promise<number> {
    const { dataset, seed, input, skip, among } = this.options;
    const { reporter, signal } = this.context;
    const images = Math.min(limit, this.options.limit);
    const progress = reporter.start(label, images, 'images');
    let shown = 0;
    try {
      const batches = dataset.batches({
        split: 'test',
        batchSize,
        ...preparationOf(input),
        limit: images,
        skip,
        seed,
        among,
        signal,
        onSkip: (image) => this.skip(image),
      });
      for await (const batch of batches) {
        signal.throwIfAborted();
        const shape = inputShape(batch.shape, input);
        visit({ ...batch, shape, images: asInput(batch.images, input) });
        shown += batch.shape[0];
        progress.update(shown);
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
