import { UserError } from '../../foundation/errors.ts';

/** A checkpoint that cannot be read; `what` says what was expected and what came. */
export function damagedCheckpoint(name: string, what: string, cause?: unknown): UserError {
  return new UserError(`${name} is not a usable TensorFlow checkpoint: ${what}`, {
    remedy: 'Get the checkpoint again: the file is damaged, cut off or of another kind.',
    cause,
  });
}
