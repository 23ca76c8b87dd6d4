import { createHash } from 'node:crypto';

/** What random numbers are drawn for. */
export type SeedPurpose = 'kernel' | 'dropout' | 'order' | 'augmentation';

/**
 * A seed of its own for each use of a run's seed: the first 32 bits of
 * SHA-256("<purpose>/<seed>/<index>"), so that neighbouring seeds share no stream, as sums of seed
 * and index do. In [1, 2³²): TensorFlow.js takes seed 0 for none.
 * @param index of the layer, the step or the epoch
 */
export function deriveSeed(seed: number, purpose: SeedPurpose, index: number): number {
  const digest = createHash('sha256').update(`${purpose}/${seed}/${index}`).digest();
  return Math.max(1, digest.readUInt32BE(0));
}
