import { dirname } from 'node:path';
import { UserError } from '../errors.ts';
import { systemFault } from './system_errors.ts';

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
  const code = errorCode(thrown);
  switch (code) {
    case undefined:
      return thrown;
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
        `Expected permission to write ${path} but the system refused (${code}).`,
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
        remedy: `Check the path: ${dirname(path)} may be a broken link, or lie where no folder can be made.`,
        cause: thrown,
      });
    case 'ENAMETOOLONG':
      return new UserError(`Expected the system to take the name of ${path} but it is too long.`, {
        remedy: 'Choose a shorter name.',
        cause: thrown,
      });
    default:
      return asSystemError(thrown, `to write ${path}`);
  }
}

/**
 * Turns what the system says when the file or folder `path` cannot be read into a UserError that
 * says what to do; any other error comes back as it is.
 */
export function asReadError(thrown: unknown, path: string): unknown {
  return asSystemError(thrown, `to read ${path}`);
}

/**
 * Turns any error of the operating system into a UserError; any other error comes back as it is.
 * @param expected ends "Expected"; by default what the error itself says of its call and path
 */
export function asSystemError(thrown: unknown, expected: string = callOf(thrown)): unknown {
  const fault = systemFault(errorCode(thrown) ?? '');
  if (fault === undefined) return thrown;
  return new UserError(`Expected ${expected} but ${fault.reason}.`, {
    remedy: fault.remedy,
    cause: thrown,
  });
}

/** "to open a.json", of an error of Node's file functions. */
function callOf(thrown: unknown): string {
  const { syscall = 'work', path, dest } = thrown as Partial<Record<string, unknown>>;
  const call = CALLS[String(syscall)] ?? String(syscall);
  const places = [path, dest].filter((place) => typeof place === 'string');
  return `to ${[call, ...(places.length > 0 ? [places.join(' as ')] : ['a file'])].join(' ')}`;
}

/** System calls whose names are no verbs. */
const CALLS: Readonly<Record<string, string>> = {
  access: 'find',
  fsync: 'write',
  lstat: 'examine',
  mkdir: 'make',
  rmdir: 'remove',
  scandir: 'read the folder',
  spawn: 'start',
  stat: 'examine',
  unlink: 'remove',
};
