import type { Dataset } from './dataset.ts';

/** Whether one folder of images serves as the split that is tested and as the one that calibrates. */
export function isSameSplit(tested: Dataset, calibrating: Dataset): boolean {
  return tested.splitsAreEqual && tested.fingerprint === calibrating.fingerprint;
}
