import type { Reporter } from '../../foundation/reporting/reporter.ts';

/** What every step of the set-up is given. */
export interface SetupContext {
  /** The checkout's folder. */
  readonly root: string;
  /** Where downloads are kept. */
  readonly cacheDir: string;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  /** Tries again what failed in an earlier set-up. */
  readonly retry: boolean;
}

/** One thing that a checkout needs. Steps run in order; each can be interrupted and run again. */
export interface Step {
  readonly name: string;
  isDone(context: SetupContext): Promise<boolean>;
  run(context: SetupContext): Promise<void>;
}
