import type { Dataset } from '../../datasets/dataset.ts';
import { UserError } from '../../foundation/errors.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import type { Tf8Model } from '../../quantize/model/tf8_model.ts';
import { quantizeArray } from '../../quantize/params/quantization.ts';
import { elements } from '../../quantize/params/shape.ts';
import { asInput, preparationOf } from './model_input.ts';
import { tf8Facts } from './tf8_facts.ts';

/** Images that are decoded together. */
const BATCH = 10;

export interface ImageChoice {
  readonly limit: number;
  readonly seed: number;
  /** Shown while images are read. */
  readonly label: string;
  /** Why they are needed, for the message where there are none. */
  readonly purpose: string;
}

/**
 * Calls `use` for each image of a data set as a model takes it.
 * @param use gets an image's name and its bytes, [H, W, C] at the parameters of the model's input
 * @returns how many images were used, and how many could not be read
 * @throws UserError where no image can be read; the signal's reason when aborted
 */
export async function eachQuantizedImage(
  model: Tf8Model,
  dataset: Dataset,
  { limit, seed, label, purpose }: ImageChoice,
  { reporter, signal }: Context,
  use: (name: string, image: Uint8Array) => Promise<void>,
): Promise<{ readonly images: number; readonly skipped: number }> {
  const { input: facts } = tf8Facts(model);
  const { input } = model;
  const size = elements(input.shape);
  let [images, skipped] = [0, 0];
  const progress = reporter.start(label, limit, 'images');
  try {
    const batches = dataset.batches({
      split: 'test',
      batchSize: BATCH,
      limit,
      seed,
      ...preparationOf(facts),
      onSkip: (image) => {
        skipped++;
        reporter.warn(`skipped ${image.name}: ${image.reason}`);
      },
    });
    for await (const batch of batches) {
      const bytes = quantizeArray(asInput(batch.images, facts), input.quantization);
      for (const [index, name] of batch.names.entries()) {
        signal.throwIfAborted();
        await use(name, bytes.subarray(index * size, (index + 1) * size));
        images++;
        progress.update(images);
      }
    }
  } finally {
    progress.end();
  }
  if (images > 0) return { images, skipped };
  throw new UserError(
    `Expected images to ${purpose} but ${dataset.name} has none that can be read`,
  );
}
