import type { Reporter } from './reporter.ts';

/** What every job gets from the command that starts it. */
export interface Context {
  readonly reporter: Reporter;
  /** Where downloads and pulled models are kept. */
  readonly cacheDir: string;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /**
   * Turns what messages name as code, in backquotes, into what the caller's users type: for texts that
   * go into records and pages. They stay as they are unless given.
   */
  readonly wording?: ((message: string) => string) | undefined;
}
