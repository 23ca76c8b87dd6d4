import { UserError } from '../../foundation/errors.ts';
import type { KerasPeer } from '../peers/keras_peer.ts';
import type { OwnPeer } from '../peers/own_peer.ts';
import type { WorkloadShape } from './workload.ts';

const STEPS = 6;

/** A mean square that starts at 0 instead of 1 changes nearly half of what the steps change: some percent. */
const TOLERANCE = 1e-4;

/**
 * Takes some steps from the same weights on the same batches by the compiled step, the eager step and
 * each Keras process, without dropout.
 * @param folder for the weights and batches that Keras reads
 * @returns the largest relative difference between the losses of a step
 * @throws UserError where they differ by more than rounding: such peers do not do the same work
 */
export async function checkAgreement(
  shape: WorkloadShape,
  own: OwnPeer,
  peers: ReadonlyMap<string, KerasPeer>,
  folder: string,
): Promise<number> {
  const build = await own.build(shape, folder, 'calm');
  const losses = new Map<string, readonly number[]>();
  for (const [name, keras] of peers) {
    await keras.build(build);
    losses.set(name, await keras.losses(STEPS));
  }
  for (const kind of ['eager', 'compiled'] as const)
    losses.set(kind, await own.losses(kind, STEPS));
  return largestDifference(losses, TOLERANCE);
}

/**
 * The largest relative difference between the losses of a step.
 * @param losses of each step, by peer
 * @throws UserError where it is above `tolerance`, or a loss is no number
 */
export function largestDifference(
  losses: ReadonlyMap<string, readonly number[]>,
  tolerance: number,
): number {
  const [steps] = [...losses.values()].map((values) => values.length);
  const differences = Array.from({ length: steps }, (_, step) => {
    const values = [...losses.values()].map((ofPeer) => ofPeer[step]);
    return (Math.max(...values) - Math.min(...values)) / Math.min(...values);
  });
  const worst = differences.findIndex((difference) => !(difference <= tolerance));
  if (worst >= 0) {
    const told = [...losses].map(([peer, values]) => `${peer} ${values[worst]}`);
    throw new UserError(
      `Expected losses that agree to ${tolerance} before anything is timed but step ${worst + 1} gave ${told.join(', ')}`,
    );
  }
  return Math.max(...differences);
}
