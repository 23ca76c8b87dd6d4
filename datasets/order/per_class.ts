import type { LabelledDataset, Split } from '../dataset.ts';
import { checkInteger, selectIndices } from './order.ts';

/** Some images of each class. */
export interface ClassSample {
  /** Indices of the images in their split, ascending, as `BatchOptions.among` takes them. */
  readonly among: Uint32Array;
  /** Images of the seed's order up to the last of these: what `skip` leaves out holds them all. */
  readonly reach: number;
}

/**
 * The first `images` of each class in the order that `seed` gives to a split; all of a class that has
 * fewer. Labels alone are read, broken images are taken like others.
 * @throws UserError unless `images` is an integer of at least 1
 */
export function firstOfEachClass(
  dataset: LabelledDataset,
  split: Split,
  images: number,
  seed: number,
): ClassSample {
  checkInteger('the number of images of a class', images, 1);
  const taken = new Map<number, number>();
  const among: number[] = [];
  let reach = 0;
  selectIndices(dataset.count(split), { seed }).forEach((index, place) => {
    const label = dataset.label(split, index);
    const before = taken.get(label) ?? 0;
    if (before >= images) return;
    taken.set(label, before + 1);
    among.push(index);
    reach = place + 1;
  });
  return { among: Uint32Array.from(among).sort(), reach };
}
