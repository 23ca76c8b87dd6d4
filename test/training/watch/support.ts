import type { Metrics } from '../../../training/watch/metrics_file.ts';
import type {
  EpochReport,
  StepReport,
  TrainingObserver,
} from '../../../training/watch/observer.ts';

/** What step `step` of the run that these tests watch did: a function of the step, except for its time. */
export function stepReport(step: number): StepReport {
  return {
    step,
    loss: 2.3 * Math.exp(-step / 100) + 0.1 * Math.sin(step),
    accuracy: 100 - 90 * Math.exp(-step / 100),
    learningRate: 0.045 * 0.99 ** step,
    imagesPerSecond: 400 + 100 * Math.random(),
    waitShare: 0.1 * Math.random(),
  };
}

export function epochReport(epoch: number, step: number): EpochReport {
  return {
    epoch,
    step,
    loss: 2 / epoch,
    accuracy: 90 - 50 / epoch,
    validation: { loss: 2.1 / epoch, top1: 88 - 50 / epoch, top5: 99 - 20 / epoch },
  };
}

export const STEPS_PER_EPOCH = 7;

/** Tells an observer of the steps after `from` up to `to`, and of the epochs that end with them. */
export function observeSteps(observer: TrainingObserver, from: number, to: number): void {
  for (let step = from + 1; step <= to; step++) {
    observer.step(stepReport(step));
    if (step % STEPS_PER_EPOCH === 0) observer.epoch(epochReport(step / STEPS_PER_EPOCH, step));
  }
}

/** The metrics without what the clock decides. */
export function timeless({ steps, epochs }: Metrics): unknown {
  const without = <T extends { time: unknown }>({ time: _, ...rest }: T) => rest;
  return { steps: steps.map(without), epochs: epochs.map(without) };
}
