import { cacheDir } from '../files/cache_dir.ts';
import { type Reporter, SILENT_REPORTER } from './reporter.ts';

/** What every job gets from the command or the program that starts it. */
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

/** A context for a program: silent, with the command's cache, never aborted, unless given. */
export function createContext(given: Partial<Context> = {}): Context {
  return {
    reporter: SILENT_REPORTER,
    cacheDir: cacheDir(),
    signal: new AbortController().signal,
    ...given,
  };
}

/** Without warnings: for another look at what gave them already. */
export function quietly(context: Context): Context {
  return { ...context, reporter: { ...context.reporter, warn() {} } };
}
