import { messageOf, UserError } from '../foundation/errors.ts';
import { asSystemError } from '../foundation/files/file_errors.ts';

/** With this variable set, errors show where they arose. */
const DEBUG = 'TF8_DEBUG';

/** What JavaScript and TensorFlow say where no memory is left. */
const NO_MEMORY =
  /array buffer allocation failed|invalid (typed )?array (buffer )?length|invalid string length|OOM when allocating|cannot create a (string|buffer)/i;

/**
 * An error that nobody foresaw, as a sentence and what to do: the system's faults, exhausted memory, and
 * mistakes of this program.
 */
export function asTold(error: unknown): UserError {
  const system = asSystemError(error);
  if (system instanceof UserError) return system;
  const message = messageOf(error).trim();
  if (NO_MEMORY.test(message)) {
    return new UserError(
      `Expected memory for this work but the machine has none left: ${message}`,
      {
        remedy: 'Work on less at a time: a smaller batch, resolution or network.',
        cause: error,
      },
    );
  }
  const name = error instanceof Error && error.name !== 'Error' ? `${error.name}: ` : '';
  return new UserError(`Unexpected: ${name}${message.split('\n', 1)[0]}`, {
    remedy: `This is a mistake of tf8. Report it with the command and what it prints with ${DEBUG}=1 set.`,
    cause: error,
  });
}

/** Where an error arose, for who asks for it. */
export function stackOf(error: unknown): string | undefined {
  return process.env[DEBUG] && error instanceof Error ? error.stack : undefined;
}
