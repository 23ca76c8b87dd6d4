import { z } from 'zod';
import { UserError } from '../../foundation/errors.ts';
import { firstDifference } from '../../foundation/first_difference.ts';
import { firstIssue } from '../../foundation/first_issue.ts';
import { recipeSchema } from '../recipes/recipe.ts';

const count = z.int().min(0);
const percent = z.number().min(0).max(100);

/** What makes a run this run: a checkpoint of one is of no use to another. */
const runIdentitySchema = z.strictObject({
  /** Name of the network, which tells its variant, width, resolution and classes. */
  network: z.string(),
  /** What the weights started from. */
  start: z.string(),
  /** Hash of the network that it is distilled from. */
  teacher: z.string().exactOptional(),
  recipe: recipeSchema,
  seed: count,
  dataset: z.string(),
  /** `Dataset.fingerprint` */
  dataSha256: z.string(),
  /** Images of an epoch, without a last batch that is left out. */
  imagesPerEpoch: count,
  validationImages: count,
});

const epochSummarySchema = z.strictObject({
  /** Mean of what is minimized while training (`StepResult.loss`), in nats. */
  loss: z.number(),
  /** Share of the images that were classified right while training, in percent. */
  accuracy: percent,
  /** At the end of the epoch, where images are held out. */
  validation: z.strictObject({ loss: z.number(), top1: percent, top5: percent }).exactOptional(),
});

const bestEpochSchema = z.strictObject({
  /** Epochs and steps done when it was measured. */
  epoch: count,
  step: count,
  loss: z.number(),
  top1: percent,
  top5: percent,
});

const trainingStateSchema = z.strictObject({
  version: z.literal(1),
  run: runIdentitySchema,
  /** Epochs done. */
  epoch: count,
  /** Images of the epoch in progress that are used up (`ImageBatch.position`). */
  position: count,
  /** Steps done. */
  step: count,
  /** Of the epoch in progress. */
  sums: z.strictObject({ loss: z.number(), correct: count, images: count }),
  /** Those that are done. */
  epochs: z.array(epochSummarySchema),
  /** The epoch whose network did best on the images that are held out. */
  best: bestEpochSchema.exactOptional(),
  /** Images that could not be read. */
  skipped: z.array(z.string()),
  /** Time that the run has taken, over all its processes. */
  elapsedSeconds: z.number().min(0),
});

export type RunIdentity = Readonly<z.infer<typeof runIdentitySchema>>;
export type EpochSummary = Readonly<z.infer<typeof epochSummarySchema>>;
export type BestEpoch = Readonly<z.infer<typeof bestEpochSchema>>;
/** How far a run is: with the tensors of its step, all that it needs to go on. */
export type TrainingState = z.infer<typeof trainingStateSchema>;

/** A run before its first step. */
export function initialState(run: RunIdentity): TrainingState {
  return {
    version: 1,
    run,
    epoch: 0,
    position: 0,
    step: 0,
    sums: { loss: 0, correct: 0, images: 0 },
    epochs: [],
    skipped: [],
    elapsedSeconds: 0,
  };
}

/**
 * The state that a checkpoint holds, to go on with.
 * @throws UserError where it is none, or that of another run: the difference is named
 */
export function stateToResume(stored: unknown, run: RunIdentity): TrainingState {
  const parsed = trainingStateSchema.safeParse(stored);
  if (!parsed.success) {
    throw new UserError(
      `Expected the state of a training in the checkpoint but: ${firstIssue(parsed.error)}`,
      { remedy: 'It is that of another version: train anew, into another folder.' },
    );
  }
  const difference = firstDifference(parsed.data.run, run);
  if (difference !== undefined) {
    const { path, a: was, b: received } = difference;
    throw new UserError(
      `Expected ${was} for ${path}, as when the run was begun, but received ${received}`,
      { remedy: 'Go on with the options of the run, or train anew into another folder.' },
    );
  }
  return parsed.data;
}
