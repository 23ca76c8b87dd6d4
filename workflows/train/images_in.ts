import type { BatchOptions, LabelledBatch, LabelledDataset } from '../../datasets/dataset.ts';
import { type InputRange, SYMMETRIC } from '../open/model_facts.ts';
import { asInput, isSameRange } from '../open/model_input.ts';

/**
 * A data set whose images are in the range of the network that is trained: a published network keeps
 * the one that it knows. The data set itself where that is [−1, 1].
 */
export function imagesIn(dataset: LabelledDataset, range: InputRange): LabelledDataset {
  if (isSameRange(range, SYMMETRIC)) return dataset;
  return { ...dataset, batches: (options) => batchesIn(dataset, options, range) };
}

async function* batchesIn(
  dataset: LabelledDataset,
  options: BatchOptions,
  range: InputRange,
): AsyncGenerator<LabelledBatch> {
  for await (const batch of dataset.batches(options)) {
    const shape = batch.shape.slice(1);
    yield { ...batch, images: asInput(batch.images, { shape, range }) };
  }
}
