/** What all workers of a training hold to, so that all do the same: of one worker, or of all. */
export interface Agreement {
  /** Whether the training stops here: on a worker's Ctrl-C, all stop. */
  readonly stop: boolean;
  /** Of the whole run so far, by worker 0's clock. */
  readonly seconds: number;
}

/** Processes that train one network together, each on its share of every batch. */
export interface Team {
  /** Of this process; worker 0 validates, reports and stores. */
  readonly rank: number;
  readonly workers: number;
  /**
   * Waits for all.
   * @throws UserError naming the first worker that differs, and in what
   */
  requireAlike(facts: object): Promise<void>;
  /** Waits for all. @returns stop where one says so, and worker 0's seconds */
  agree(mine: Agreement): Promise<Agreement>;
}
