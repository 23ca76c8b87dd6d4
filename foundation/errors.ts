/**
 * An error that the user can mend: the message says what was expected, of what, and what came;
 * `remedy` says what to do. The command prints both without a stack trace.
 */
export class UserError extends Error {
  override readonly name: string = 'UserError';
  readonly remedy: string | undefined;

  constructor(message: string, options: { remedy?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.remedy = options.remedy;
  }
}

/**
 * A value that nothing of its kind can have, such as a width of 0 of a network: of a class of its own
 * for a caller that knows where the value came from.
 */
export class InvalidValueError extends UserError {
  override readonly name = 'InvalidValueError';
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
