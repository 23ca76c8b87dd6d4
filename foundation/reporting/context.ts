import type { Reporter } from './reporter.ts';

/** What every job gets from the command that starts it. */
export interface Context {
  readonly reporter: Reporter;
  /** Where downloads and pulled models are kept. */
  readonly cacheDir: string;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}
