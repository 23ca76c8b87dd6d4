import { UserError } from '../../foundation/errors.ts';
import type { KerasPeer } from '../peers/keras_peer.ts';
import { BareStep } from './bare_step.ts';
import { batchesOf, modelOf, recipeOf, type WorkloadShape, writeBuild } from './workload.ts';

const STEPS = 6;

/**
 * From random weights the steps are chaotic: at the learning rate of a training, float rounding grows
 * to percents of the loss within four steps, whoever computes it. At this one the losses of the three
 * shapes agreed to 5·10⁻⁶ over the six steps, while these steps moved them by some percent …
 */
const LEARNING_RATE = 1e-6;
/** … of which a mean square that starts at 0 instead of 1 changes nearly half. */
const TOLERANCE = 1e-4;

/**
 * Takes some steps from the same weights on the same batches by the compiled step, the eager step and
 * Keras, without dropout, which each draws by its own generator.
 * @param folder for the weights and batches that Keras reads
 * @returns the largest relative difference between the losses of a step
 * @throws UserError where they differ by more than rounding: such peers do not do the same work
 */
export async function checkAgreement(
  shape: WorkloadShape,
  keras: KerasPeer,
  folder: string,
): Promise<number> {
  const recipe = {
    ...recipeOf(shape),
    dropout: 0,
    learningRate: { schedule: 'constant', initial: LEARNING_RATE } as const,
  };
  const batches = batchesOf(shape);
  const model = modelOf(shape, recipe);
  await keras.build(await writeBuild(folder, shape, model, recipe, batches));
  model.dispose();
  const losses = new Map<string, readonly number[]>([['keras', await keras.losses(STEPS)]]);
  for (const kind of ['eager', 'compiled'] as const) {
    const step = await BareStep.create(kind, shape, recipe, batches);
    losses.set(kind, step.losses(STEPS));
    step.dispose();
  }
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
