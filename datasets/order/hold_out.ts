import { UserError } from '../../foundation/errors.ts';
import type { BatchOptions, LabelledBatch, LabelledDataset, Split } from '../dataset.ts';
import { checkInteger, shuffledOrder } from './order.ts';

/**
 * Moves `images` of the training images to the split `validation`. Which ones depends on the number of
 * training images, `images` and `seed` alone. Their names stay, and so do labels and fingerprint.
 *
 * Where the folder is not divided (`splitsAreEqual`) they leave `test` too: `train` and `test` remain
 * the same images, and no image of either is ever a validation image.
 *
 * @throws UserError unless at least one training image remains, and where a validation split is held
 *   out already
 */
export function holdOutValidation(
  dataset: LabelledDataset,
  images: number,
  seed: number,
): LabelledDataset {
  const training = dataset.count('train');
  checkInteger('the number of validation images', images, 0);
  if (dataset.count('validation') > 0) {
    throw new UserError(
      `Expected ${dataset.name} without a validation split but ${dataset.count('validation')} images are held out.`,
      { remedy: 'Hold images out once.' },
    );
  }
  if (images >= training) {
    throw new UserError(
      `Expected fewer validation images than the ${training} training images of ${dataset.name} but received ${images}.`,
      { remedy: 'Hold fewer images out.' },
    );
  }
  const order = shuffledOrder(training, seed);
  const heldOut = order.slice(0, images).sort();
  const remaining = order.slice(images).sort();
  /** The split in which a split's images are stored, and which of them they are: all where undefined. */
  const stored = (split: Split): { split: Split; among?: Uint32Array } => {
    if (split === 'validation') return { split: 'train', among: heldOut };
    const isDivided = split === 'train' || dataset.splitsAreEqual;
    return isDivided ? { split, among: remaining } : { split };
  };
  return {
    ...dataset,
    count: (split) => stored(split).among?.length ?? dataset.count(split),
    label(split, index) {
      const { split: whole, among } = stored(split);
      return dataset.label(whole, among?.[index] ?? index);
    },
    batches(options: BatchOptions): AsyncIterable<LabelledBatch> {
      const { split, among } = stored(options.split);
      if (among === undefined) return dataset.batches(options);
      const chosen = options.among?.map((place) => among[place]) ?? among;
      return dataset.batches({ ...options, split, among: chosen });
    },
  };
}
