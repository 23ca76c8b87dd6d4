import type { Reporter } from '../../foundation/reporting/reporter.ts';

/** What every step of the set-up is given. */
export interface SetupContext {
  /** tf8's folder: the checkout, or the installed package. */
  readonly root: string;
  /** The folder whose node_modules holds tf8's packages: the checkout, or the project that uses tf8. */
  readonly project: string;
  /** Where downloads are kept. */
  readonly cacheDir: string;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  /** Tries again what failed in an earlier set-up. */
  readonly retry: boolean;
  /** Brings libtensorflow for GPUs, with CUDA's libraries; "forced" where there is no driver too. */
  readonly gpu?: boolean | 'forced' | undefined;
}

/** One thing that tf8 needs. Steps run in order; each can be interrupted and run again. */
export interface SetupStep {
  readonly name: string;
  isDone(context: SetupContext): Promise<boolean>;
  run(context: SetupContext): Promise<void>;
}
