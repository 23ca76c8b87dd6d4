import { messageOf, UserError } from '../../foundation/errors.ts';

/** A worker is gone, stands still or is too far behind: no step is possible, and all must start again. */
export class ClusterError extends UserError {
  override readonly name = 'ClusterError';

  constructor(message: string, cause?: unknown) {
    const remedy =
      'Look at what the other workers say, end them all, then start all again with `resume: true`.';
    super(message, { remedy, cause });
  }

  /**
   * Of what workers do together.
   * @param expected "all 2 workers in step 3"
   */
  static apart(expected: string, timeoutSeconds: number, cause: unknown): ClusterError {
    return new ClusterError(
      `Expected ${expected} within ${timeoutSeconds} s of each other but: ${firstLine(messageOf(cause))}`,
      cause,
    );
  }
}

/** libtensorflow says first whose message it is, and then where in the graph it was. */
function firstLine(message: string): string {
  const lines = message.split('\n').map((line) => line.trim());
  return lines.find((line) => line !== '' && !line.startsWith('From /job:')) ?? message;
}
