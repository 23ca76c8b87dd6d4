import { UserError } from '../../foundation/errors.ts';

/** A re-architecture that cannot be done with this network or these images. */
export class RearchitectError extends UserError {
  override readonly name = 'RearchitectError';
}
