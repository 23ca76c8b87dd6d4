import type { LabelledDataset, Split } from '../../datasets/dataset.ts';
import { holdOutValidation } from '../../datasets/order/hold_out.ts';
import type { DataIdentity } from '../records/run_record.ts';

/** Of the order by which a folder is divided: the same for all seeds of a table. */
const DIVISION_SEED = 0;

/** Where a table's images come from. */
export interface TableData {
  readonly dataset: LabelledDataset;
  /** Of the images of both splits. */
  readonly identity: DataIdentity;
  readonly notes: readonly string[];
}

/** A data set as it is. */
export function wholeData(dataset: LabelledDataset): TableData {
  return {
    dataset,
    identity: { dataset: dataset.name, sha256: dataset.fingerprint },
    notes: [],
  };
}

/**
 * A data set whose training images (which networks are trained, fitted and calibrated on) are none of
 * those that are measured: half of an undivided folder, or `testImages` of it if that is less, is
 * held out for that. A folder of one image stays as it is, which a note says.
 */
export function disjointData(dataset: LabelledDataset, testImages = Infinity): TableData {
  if (!dataset.splitsAreEqual) return wholeData(dataset);
  const heldOut = Math.min(testImages, Math.floor(dataset.count('train') / 2));
  if (heldOut === 0) {
    const notes = [`The images of ${dataset.name} that are measured are also learnt from.`];
    return { ...wholeData(dataset), notes };
  }
  const divided = testIsValidation(holdOutValidation(dataset, heldOut, DIVISION_SEED));
  return {
    dataset: divided,
    identity: { ...wholeData(dataset).identity, heldOut },
    notes: [
      `The folder of ${dataset.name} is not divided: ${heldOut} of its ${dataset.count('train')} images are measured, the others learnt from.`,
    ],
  };
}

/** Hands out the images that were held out as "test". */
function testIsValidation(dataset: LabelledDataset): LabelledDataset {
  const stored = (split: Split): Split => (split === 'test' ? 'validation' : split);
  return {
    ...dataset,
    splitsAreEqual: false,
    count: (split) => (split === 'validation' ? 0 : dataset.count(stored(split))),
    label: (split, index) => dataset.label(stored(split), index),
    batches: (options) => dataset.batches({ ...options, split: stored(options.split) }),
  };
}
