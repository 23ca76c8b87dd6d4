import { UserError } from '../foundation/errors.ts';
import type { Dataset, LabelledDataset } from './dataset.ts';

/** Whether a data set says of which class each image is. */
export function isLabelled(dataset: Dataset): dataset is LabelledDataset {
  return dataset.classNames !== undefined;
}

/**
 * The data set, whose images are known to have classes.
 * @param purpose what the classes are needed for: "to measure accuracy"
 * @throws UserError where they have none
 */
export function withLabels(dataset: Dataset, purpose: string): LabelledDataset {
  if (isLabelled(dataset)) return dataset;
  const images = dataset.count('test');
  const what = images === 1 ? 'image shows' : `${images} images show`;
  throw new UserError(
    `Expected images with classes ${purpose} but ${dataset.origin} says nothing of what its ${what}.`,
    {
      remedy:
        'Put the images of each class into a folder of its own that has its name: cat/…, dog/…. Two or more of them must hold images. If they lie so already, read them as the data set "folder", not "images".',
    },
  );
}
