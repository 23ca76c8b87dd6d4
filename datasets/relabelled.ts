import type { LabelledDataset } from './dataset.ts';

/** The data set with other classes: each label becomes what `labelOf` makes of it. */
export function relabelled(
  dataset: LabelledDataset,
  classNames: readonly string[],
  labelOf: (label: number) => number,
): LabelledDataset {
  return {
    ...dataset,
    classNames,
    label: (split, index) => labelOf(dataset.label(split, index)),
    async *batches(options) {
      for await (const batch of dataset.batches(options)) {
        yield { ...batch, labels: batch.labels.map((label) => labelOf(label)) };
      }
    },
  };
}
