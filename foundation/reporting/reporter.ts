/** A long piece of work that reports how far it is. */
export interface Progress {
  /** Sets the number of units done so far; `detail` is a short text such as the loss. */
  update(done: number, detail?: string): void;
  /** Ends the piece of work; must be called once, also after a failure. */
  end(): void;
}

/** How libraries speak to the person who waits: they never touch the console themselves. */
export interface Reporter {
  /** A plain sentence worth reading. */
  info(message: string): void;
  /** Something that went wrong and was worked around. */
  warn(message: string): void;
  /**
   * Starts a piece of work of `total` units (`unit`: "images", "bytes", "steps"), of which an earlier
   * run did the first `alreadyDone`: they count as done, not towards the rate.
   */
  start(label: string, total: number, unit: string, alreadyDone?: number): Progress;
}

/** Says nothing: for tests and for callers that do not wait. */
export const SILENT_REPORTER: Reporter = {
  info() {},
  warn() {},
  start: () => ({ update() {}, end() {} }),
};
