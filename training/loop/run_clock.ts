/** What the clock says of one step, the wait for its batch included. */
export interface StepTiming {
  readonly imagesPerSecond: number;
  /** Share of the time that passed waiting for the batch, in [0, 1]. */
  readonly waitShare: number;
}

/**
 * Where the time of a run goes: waiting for batches, stepping, and pauses (validation, the end of an
 * epoch), which count towards neither.
 */
export class RunClock {
  private readonly now: () => number;
  private readonly began: number;
  private readonly earlierSeconds: number;
  private waitingSince: number | undefined;
  private steppingSince = 0;
  private wait = 0;
  private lastMs = 0;
  private readonly totals = { waitMs: 0, stepMs: 0, images: 0 };

  /**
   * @param earlierSeconds of the run in earlier processes
   * @param now in milliseconds
   */
  constructor(earlierSeconds: number, now: () => number = () => performance.now()) {
    this.now = now;
    this.began = now();
    this.earlierSeconds = earlierSeconds;
  }

  /** Of the whole run so far, over all its processes. */
  get elapsedSeconds(): number {
    return this.earlierSeconds + (this.now() - this.began) / 1000;
  }

  startWaiting(): void {
    this.waitingSince ??= this.now();
  }

  startStep(): void {
    this.steppingSince = this.now();
    this.wait = this.steppingSince - (this.waitingSince ?? this.steppingSince);
    this.waitingSince = undefined;
  }

  /** @param images of the step's batch */
  endStep(images: number): StepTiming {
    const stepMs = this.now() - this.steppingSince;
    this.lastMs = stepMs;
    this.totals.waitMs += this.wait;
    this.totals.stepMs += stepMs;
    this.totals.images += images;
    return timing(images, this.wait, stepMs);
  }

  /** The wait that was begun was not for a batch. */
  pause(): void {
    this.waitingSince = undefined;
  }

  /** Of the last step, its wait left out. */
  get stepMs(): number {
    return this.lastMs;
  }

  get imagesPerSecond(): number {
    return this.timing.imagesPerSecond;
  }

  get waitShare(): number {
    return this.timing.waitShare;
  }

  /** Images whose steps are done. */
  get images(): number {
    return this.totals.images;
  }

  private get timing(): StepTiming {
    return timing(this.totals.images, this.totals.waitMs, this.totals.stepMs);
  }
}

function timing(images: number, waitMs: number, stepMs: number): StepTiming {
  // A clock may not move within a step.
  const totalMs = Math.max(waitMs + stepMs, Number.EPSILON);
  return { imagesPerSecond: (1000 * images) / totalMs, waitShare: waitMs / totalMs };
}
