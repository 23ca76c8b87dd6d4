import type { Dataset, LabelledDataset, Split, StoredSplit } from './dataset.ts';
import type { ImageSet, LabelledImageSet } from './images/image_set.ts';
import { streamBatches } from './pipeline/batch_stream.ts';

type Description = Pick<Dataset, 'name' | 'origin' | 'splitsAreEqual' | 'fingerprint'>;

/** What each split has; most data sets have no validation split of their own. */
export type BySplit<T> = Readonly<Record<StoredSplit, T>> & { readonly validation?: T };

/**
 * A data set over the images of its stored splits.
 * @param centralFraction of images whose reader asks for none: what the data set's networks see
 */
export function imageSetDataset(
  { classNames, ...description }: Description & Pick<LabelledDataset, 'classNames'>,
  sets: BySplit<LabelledImageSet>,
  centralFraction: number,
): LabelledDataset {
  const setOf = (split: Split): LabelledImageSet => sets[split] ?? NOTHING;
  return {
    ...description,
    classNames,
    count: (split) => setOf(split).count,
    label: (split, index) => setOf(split).label(index),
    batches: (options) => streamBatches(setOf(options.split), centralFraction, options),
  };
}

/** The same over images of which nobody says what they show: both splits are all of them. */
export function unlabelledDataset(
  description: Omit<Description, 'splitsAreEqual'>,
  images: ImageSet,
  centralFraction: number,
): Dataset {
  const setOf = (split: Split): ImageSet => (split === 'validation' ? NOTHING : images);
  return {
    ...description,
    classNames: undefined,
    splitsAreEqual: true,
    count: (split) => setOf(split).count,
    batches: (options) => streamBatches(setOf(options.split), centralFraction, options),
  };
}

const NOTHING: LabelledImageSet = {
  count: 0,
  loadMs: 0,
  label: () => 0,
  name: () => '',
  source: () => ({ kind: 'files', files: [] }),
};
