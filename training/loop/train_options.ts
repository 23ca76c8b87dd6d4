import type { TrainingCheckpoint } from '../../checkpoints/training_checkpoint/training_checkpoint.ts';
import type { LabelledDataset } from '../../datasets/dataset.ts';
import type { Reporter } from '../../foundation/reporting/reporter.ts';
import type { Recipe } from '../recipes/recipe.ts';
import type { TrainingObserver } from '../watch/observer.ts';
import type { CheckpointOptions } from './checkpointer.ts';
import type { Team } from './team.ts';
import type { BestEpoch, EpochSummary } from './training_state.ts';

export interface TrainOptions {
  /** Trained on "train"; after each epoch measured on "validation", where images are held out. */
  readonly dataset: LabelledDataset;
  readonly recipe: Recipe;
  /** Name of the network, which tells its variant, width, resolution and classes. */
  readonly network: string;
  /** What the progress calls the run; "training" unless given. */
  readonly label?: string | undefined;
  /** What its weights start from. */
  readonly start: string;
  /** Hash of the network that it is distilled from. */
  readonly teacher?: string | undefined;
  /** Images of an epoch, drawn anew for each epoch; the whole split unless given. */
  readonly limit?: number | undefined;
  readonly seed: number;
  readonly reporter: Reporter;
  /** Stops after the step in progress. */
  readonly signal?: AbortSignal | undefined;
  /** Opens who watches, once it is clear that the run can go on. */
  readonly observe?: (() => Promise<TrainingObserver>) | undefined;
  readonly checkpoints?: CheckpointOptions | undefined;
  /** Goes on from here, to the result of the run that was not interrupted. */
  readonly resume?: Pick<TrainingCheckpoint, 'tensors' | 'state'> | undefined;
  /** Stores the network that the step gives, which did best so far on the images held out. */
  readonly keepBest?: ((soFar: TrainResult) => Promise<void>) | undefined;
  /** The workers that share every batch, this one among them; only this process unless given. */
  readonly team?: Team | undefined;
  /** Milliseconds; `performance.now` unless given. */
  readonly now?: () => number;
}

export interface TrainResult {
  /** One that was interrupted comes last, as far as it came. */
  readonly epochs: readonly EpochSummary[];
  readonly best?: BestEpoch;
  /** Images of a whole epoch, without a last batch that is left out; broken ones counted. */
  readonly imagesPerEpoch: number;
  readonly validationImages: number;
  readonly steps: number;
  /** While training, of this process: pauses for validation are left out. */
  readonly imagesPerSecond: number;
  /** Share of that time that passed waiting for batches, in [0, 1]. */
  readonly waitShare: number;
  /** Images that could not be read; each was named to the reporter. */
  readonly skipped: number;
  /** Stopped by the signal before the last step. */
  readonly interrupted: boolean;
}
