import type { LabelledDataset } from '../../datasets/dataset.ts';
import type { Recipe } from '../recipes/recipe.ts';
import type { Team } from './team.ts';

/**
 * A last batch of fewer images is left out: where the deepest layers are 1 × 1 pixel, batch norms
 * would take their statistics from so few values (variance 0 from one image).
 */
const MIN_TAIL_BATCH = 8;

/**
 * Images of an epoch, without a last batch that is too short to train on.
 * @param limit of the images of an epoch; all of "train" unless given
 */
export function epochImages(
  dataset: Pick<LabelledDataset, 'count'>,
  { batchSize }: Pick<Recipe, 'batchSize'>,
  limit = Infinity,
): number {
  const count = Math.min(limit, dataset.count('train'));
  const tail = count % batchSize;
  return count > tail && isShortTail(tail, batchSize) ? count - tail : count;
}

/** Whether a batch of `size` images is too short to train on after others. */
export function isShortTail(size: number, batchSize: number): boolean {
  return size < batchSize && size < MIN_TAIL_BATCH;
}

/**
 * Divides every batch among the workers of a training.
 * @returns the part of a batch of `size` images that a worker reads: from `begin` up to `end`, empty for
 *   some where a last batch is small
 */
export function shareOfBatches(
  { rank, workers }: Pick<Team, 'rank' | 'workers'>,
  batchSize: number,
) {
  return (size: number): readonly [begin: number, end: number] => {
    // A last batch is too small for all where batch norms would have few images of each share.
    const sharers =
      size === batchSize
        ? workers
        : Math.min(workers, Math.max(1, Math.floor(size / MIN_TAIL_BATCH)));
    const begin = (place: number) => Math.floor((Math.min(place, sharers) * size) / sharers);
    return [begin(rank), begin(rank + 1)];
  };
}
