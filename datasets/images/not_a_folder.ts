import { UserError } from '../../foundation/errors.ts';
import { asReadError, errorCode } from '../../foundation/files/file_errors.ts';

/** What a folder of images that cannot be listed is refused with; `cause` is what the system says. */
export function notAFolder(path: string, cause: unknown): unknown {
  const received = { ENOENT: 'there is no such folder', ENOTDIR: 'it is a file' }[
    errorCode(cause) ?? ''
  ];
  if (received === undefined) return asReadError(cause, path);
  return new UserError(`Expected a folder of images at ${path} but ${received}.`, {
    remedy: 'Pass the path of an existing folder.',
    cause,
  });
}
