import type { Dataset } from '../../datasets/dataset.ts';
import { isSameSplit } from '../../datasets/is_same_split.ts';
import type { OrderSpan } from '../../datasets/order/shard.ts';
import { UserError } from '../../foundation/errors.ts';
import { option } from '../wording.ts';

/** Which images calibrate, and which are measured. */
export interface ImagePlan {
  /** By subset: where its images lie in the order of the images to calibrate with. */
  readonly subsets: readonly OrderSpan[];
  /** What is measured, in pieces; `heldOut` is the subset that calibrates with these images. */
  readonly pieces: readonly (OrderSpan & { readonly heldOut?: number })[];
  /** Some images calibrate a network that is measured on them. */
  readonly overlap: boolean;
}

export interface PlannedImages {
  readonly measured: Dataset;
  readonly calibrating: Dataset;
  /** The most images of a subset. */
  readonly images: number;
  readonly subsets: number;
  readonly limit?: number | undefined;
}

/**
 * Divides the images. Where those measured and those calibrated with are the same folder, no network is
 * measured on images that calibrated it: subsets lie at the end of the order, or behind the first `limit`
 * images where these are all that is measured, as far as there are enough.
 * @throws UserError where there are too few images for so many subsets
 */
export function planImages(planned: PlannedImages): ImagePlan {
  const { measured, calibrating, subsets } = planned;
  const there = calibrating.count('train');
  const all = measured.count('test');
  const limit = Math.min(planned.limit ?? Infinity, all);
  const images = Math.min(planned.images, there);
  if (subsets * images > there) {
    throw new UserError(
      `Expected ${subsets} × ${images} images to calibrate with but there are ${there}`,
      { remedy: `Give fewer subsets, or fewer ${option('calibrationImages')}.` },
    );
  }
  const spans = (start: number) =>
    Array.from({ length: subsets }, (_, index) => ({
      skip: start + index * images,
      limit: images,
    }));
  if (!isSameSplit(measured, calibrating)) {
    return { subsets: spans(0), pieces: [{ skip: 0, limit }], overlap: false };
  }
  const start = all - subsets * images;
  const isApart = limit <= start;
  if (isApart) return { subsets: spans(limit), pieces: [{ skip: 0, limit }], overlap: false };
  if (planned.limit !== undefined || (subsets === 1 && start === 0)) {
    return { subsets: spans(0), pieces: [{ skip: 0, limit }], overlap: true };
  }
  const ofSubsets = spans(start);
  return {
    subsets: ofSubsets,
    pieces: [
      ...(start > 0 ? [{ skip: 0, limit: start }] : []),
      // A single subset is not measured by anyone.
      ...(subsets === 1 ? [] : ofSubsets.map((span, heldOut) => ({ ...span, heldOut }))),
    ],
    overlap: false,
  };
}
