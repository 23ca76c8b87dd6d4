/** Time in which a rate that has changed is forgotten to 1/e. */
const MEMORY_MS = 15_000;

/** Units a second of a piece of work: of late and on the whole. Times are in milliseconds. */
export class RateMeter {
  private readonly started: number;
  private readonly alreadyDone: number;
  private last: number;
  private done: number;
  private rate = 0;
  /** Share of `rate` that was measured; the rest is the 0 that it began with. */
  private weight = 0;

  /** @param alreadyDone units done before the work began */
  constructor(now: number, alreadyDone: number) {
    this.started = now;
    this.last = now;
    this.alreadyDone = alreadyDone;
    this.done = alreadyDone;
  }

  update(now: number, done: number): void {
    const elapsed = now - this.last;
    if (elapsed <= 0) return; // counted with the next update
    // Exponential average of a signal in irregular intervals, without the bias of its start.
    const kept = Math.exp(-elapsed / MEMORY_MS);
    this.rate = kept * this.rate + ((1 - kept) * 1000 * (done - this.done)) / elapsed;
    this.weight = kept * this.weight + (1 - kept);
    this.last = now;
    this.done = done;
  }

  /** Average over the last 15 s or so; 0 before the first update. */
  get recentRate(): number {
    return this.weight > 0 ? this.rate / this.weight : 0;
  }

  /** Average since the work began; 0 before the first update. */
  get meanRate(): number {
    const elapsed = this.last - this.started;
    return elapsed > 0 ? (1000 * (this.done - this.alreadyDone)) / elapsed : 0;
  }
}
