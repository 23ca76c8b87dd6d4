import type { BatchOptions, Dataset, ImageBatch, StoredSplit } from './dataset.ts';
import type { ImageSet } from './images/image_set.ts';
import { streamBatches } from './pipeline/batch_stream.ts';

/**
 * A data set over the images of its stored splits; nothing is held out of it.
 * @param centralFraction of images whose reader asks for none: what the data set's networks see
 */
export function imageSetDataset(
  description: Pick<Dataset, 'name' | 'classNames' | 'origin' | 'splitsAreEqual' | 'fingerprint'>,
  sets: Readonly<Record<StoredSplit, ImageSet>>,
  centralFraction: number,
): Dataset {
  const setOf = ({ split }: Pick<BatchOptions, 'split'>): ImageSet =>
    split === 'validation' ? NOTHING : sets[split];
  return {
    ...description,
    count: (split) => setOf({ split }).count,
    label: (split, index) => setOf({ split }).label(index),
    batches: (options): AsyncIterable<ImageBatch> =>
      streamBatches(setOf(options), centralFraction, options),
  };
}

const NOTHING: ImageSet = {
  count: 0,
  loadMs: 0,
  label: () => 0,
  name: () => '',
  source: () => ({ kind: 'files', files: [] }),
};
