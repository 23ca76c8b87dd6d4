import { messageOf, UserError } from '../../foundation/errors.ts';

/** A worker is gone, stands still or is too far behind: no step is possible, and all must start again. */
export class ClusterError extends UserError {
  override readonly name = 'ClusterError';

  /** @param expected "all 2 workers in step 3" */
  constructor(expected: string, timeoutSeconds: number, cause: unknown) {
    super(
      `Expected ${expected} within ${timeoutSeconds} s of each other but: ${firstLine(messageOf(cause))}`,
      {
        remedy:
          'Look at what the other workers say, end them all, then start all again with `resume: true`.',
        cause,
      },
    );
  }
}

/** libtensorflow adds where in the graph it was. */
function firstLine(message: string): string {
  return message.split('\n', 1)[0];
}
