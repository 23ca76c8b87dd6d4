import { messageOf } from '../../foundation/errors.ts';
import type { Reporter } from '../../foundation/reporting/reporter.ts';

/** What one step of training did. */
export interface StepReport {
  /** Steps done, this one included: the first step's report says 1. */
  readonly step: number;
  /** What is minimized, mean of the batch, in nats (`StepResult.loss`). */
  readonly loss: number;
  /** Share of the batch that was classified right, in percent. */
  readonly accuracy: number;
  readonly learningRate: number;
  /** Of this step alone, the wait for its batch included. */
  readonly imagesPerSecond: number;
  /** Share of the step's time that passed waiting for its batch, in [0, 1]. */
  readonly waitShare: number;
}

/** What one epoch of training did. */
export interface EpochReport {
  /** Epochs done, this one included. */
  readonly epoch: number;
  /** Steps done at its end. */
  readonly step: number;
  /** What is minimized, mean of the epoch's images while training, in nats. */
  readonly loss: number;
  /** Share of the epoch's images that were classified right while training, in percent. */
  readonly accuracy: number;
  /** Of the weights at the epoch's end on the held-out images: nats, percent, percent. */
  readonly validation?: { readonly loss: number; readonly top1: number; readonly top5: number };
}

/**
 * Watches a training run. The run's calls come in the order of training: each step, the epoch that
 * ends with it, the checkpoint taken after both. A resumed run goes on with the step after its
 * checkpoint's.
 */
export interface TrainingObserver {
  /** A step is done. */
  step(report: StepReport): void;
  /** An epoch is done, its last step reported. */
  epoch(report: EpochReport): void;
  /**
   * To be awaited before the checkpoint of `step` is stored: what has been observed up to here is on
   * disk whenever the checkpoint is.
   */
  checkpoint?(step: number): Promise<void> | void;
  /** The run is over, also after a failure; must be called once. */
  end(): Promise<void>;
}

/**
 * Several observers as one. Each is ended, also where ending another fails; the first failure is
 * thrown afterwards.
 */
export function combineObservers(...observers: readonly TrainingObserver[]): TrainingObserver {
  return {
    step(report) {
      for (const observer of observers) observer.step(report);
    },
    epoch(report) {
      for (const observer of observers) observer.epoch(report);
    },
    async checkpoint(step) {
      for (const observer of observers) await observer.checkpoint?.(step);
    },
    async end() {
      const ended = await Promise.allSettled(observers.map(async (observer) => observer.end()));
      const failed = ended.find((result) => result.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    },
  };
}

/** What was watched must not cost what was trained. */
export async function endObserver(
  observer: TrainingObserver | undefined,
  reporter: Reporter,
): Promise<void> {
  try {
    await observer?.end();
  } catch (error) {
    reporter.warn(`The metrics could not be completed: ${messageOf(error)}`);
  }
}
