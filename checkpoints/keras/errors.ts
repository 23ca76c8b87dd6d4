import { UserError } from '../../foundation/errors.ts';

/** The error of a file that is not what Keras writes. */
export function damagedKeras(path: string, reason: string, cause?: unknown): UserError {
  return new UserError(`Expected a sound Keras file but ${path} is damaged: ${reason}`, {
    remedy:
      'Get the file again, or save the model again: model.save("model.keras") or model.save("model.h5").',
    cause,
  });
}
