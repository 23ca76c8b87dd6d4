import type { StepReport } from './observer.ts';

/** Sums over the steps of a window that is not complete yet: what a resumed run goes on from. */
export interface WindowSums {
  readonly steps: number;
  readonly loss: number;
  readonly accuracy: number;
  /** What the clock decides, in seconds for each image of a batch. */
  readonly time: { readonly perImage: number; readonly waitPerImage: number };
}

/** Steps `step − steps + 1` to `step` in one: every step counts the same. */
export interface WindowMeans {
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  readonly accuracy: number;
  /** Of the last step. */
  readonly learningRate: number;
  readonly time: { readonly imagesPerSecond: number; readonly waitShare: number };
}

/** A long run fills at most this many windows. */
const MAX_WINDOWS = 2000;

/** Of a run whose length nobody knows. */
const STEPS_PER_WINDOW = 10;

/** Steps in one window so that a run of `steps` makes a file, and a plot, of bounded size. */
export function stepsPerWindow(steps: number | undefined): number {
  return steps === undefined ? STEPS_PER_WINDOW : Math.max(1, Math.ceil(steps / MAX_WINDOWS));
}

const EMPTY: WindowSums = {
  steps: 0,
  loss: 0,
  accuracy: 0,
  time: { perImage: 0, waitPerImage: 0 },
};

/** Takes the means of `every` steps at a time; windows end at multiples of `every`. */
export class StepWindow {
  private readonly every: number;
  private open: WindowSums;
  private last: StepReport | undefined;

  /** @param sums of a window that an earlier run left open */
  constructor(every: number, sums: WindowSums = EMPTY) {
    this.every = every;
    this.open = sums;
  }

  /** Adds a step; gives the means of the window that ends with it. */
  add(report: StepReport): WindowMeans | undefined {
    const { steps, loss, accuracy, time } = this.open;
    const perImage = 1 / report.imagesPerSecond;
    this.last = report;
    this.open = {
      steps: steps + 1,
      loss: loss + report.loss,
      accuracy: accuracy + report.accuracy,
      time: {
        perImage: time.perImage + perImage,
        waitPerImage: time.waitPerImage + perImage * report.waitShare,
      },
    };
    return report.step % this.every === 0 ? this.close() : undefined;
  }

  get sums(): WindowSums {
    return this.open;
  }

  /** The means of the window as far as it came, which is empty afterwards; undefined without steps. */
  close(): WindowMeans | undefined {
    const { steps, loss, accuracy, time } = this.open;
    this.open = EMPTY;
    if (steps === 0 || this.last === undefined) return undefined;
    return {
      step: this.last.step,
      steps,
      loss: loss / steps,
      accuracy: accuracy / steps,
      learningRate: this.last.learningRate,
      time: {
        imagesPerSecond: steps / time.perImage,
        waitShare: time.waitPerImage / time.perImage,
      },
    };
  }
}
