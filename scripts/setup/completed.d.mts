export interface CompletedSetup {
  /** What the set-up says when there is nothing to do. */
  readonly message: string;
  /** Whether every step succeeded; what failed can be tried again. */
  readonly whole: boolean;
  /** What it made, relative to the checkout. */
  readonly files: readonly string[];
}
export const COMPLETED_RECORD: string;
export function completedSetup(root: string): CompletedSetup | undefined;
