import { dirname } from 'node:path';
import { UserError } from '../errors.ts';

/** The operating system's code of an error ("ENOENT"), where it has one. */
export function errorCode(thrown: unknown): string | undefined {
  const code = (thrown as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}

/**
 * Turns what the system says when the file `path` cannot be written (a full disk, a missing
 * permission, a path that no file can have) into a UserError that says what to do; any other error
 * comes back as it is.
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
    case 'EISDIR':
      return new UserError(`Expected a file to write at ${path} but it is a folder.`, {
        remedy: 'Give the name of a file.',
        cause: thrown,
      });
    case 'EEXIST':
    case 'ENOTDIR':
      return new UserError(`Expected a folder at ${dirname(path)} but a file is in its place.`, {
        remedy: 'Choose another folder, or move the file away.',
        cause: thrown,
      });
    case 'ENOENT':
      return new UserError(`Expected to write ${path} but its folder cannot be made.`, {
        remedy: `Check the path: ${dirname(path)} may be a broken link.`,
        cause: thrown,
      });
    case 'ENAMETOOLONG':
      return new UserError(`Expected a name that the system takes but ${path} is too long.`, {
        remedy: 'Choose a shorter name.',
        cause: thrown,
      });
    default:
      return thrown;
  }
}
