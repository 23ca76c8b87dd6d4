import { dirname } from 'node:path';
import { UserError } from './errors.ts';

/** The operating system's code of an error ("ENOENT"), where it has one. */
export function errorCode(thrown: unknown): string | undefined {
  const code = (thrown as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}

/**
 * Turns a full disk and a missing permission at `path` into a UserError that says what to do;
 * any other error comes back as it is.
 */
export function asFileError(thrown: unknown, path: string): unknown {
  switch (errorCode(thrown)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new UserError(`Expected room for ${path} but the disk is full.`, {
        remedy: `Free some space on the disk that holds ${dirname(path)}, or choose another folder.`,
        cause: thrown,
      });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new UserError(
        `Expected permission to write ${path} but the system refused (${errorCode(thrown)}).`,
        {
          remedy: `Make ${dirname(path)} writable, or choose another folder.`,
          cause: thrown,
        },
      );
    default:
      return thrown;
  }
}
