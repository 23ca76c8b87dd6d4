import { UserError } from '../foundation/errors.ts';
import { QuantizationError } from '../quantize/params/errors.ts';

/** Whether the user can mend it: its message, and its remedy where it has one, say all there is to say. */
export function isUserError(error: unknown): error is UserError | QuantizationError {
  return error instanceof UserError || error instanceof QuantizationError;
}
