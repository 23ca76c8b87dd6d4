import type { Stats } from 'node:fs';
import { lstat, readlink, realpath, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { UserError } from '../errors.ts';
import { asFileError, errorCode } from './file_errors.ts';

/** A path that is to be written, as the system has it. */
export interface OutputPath {
  /** Where a link leads; the path itself where it is none. */
  readonly target: string;
  /** Of the regular file that lies there; undefined where there is none. */
  readonly found: Stats | undefined;
}

/**
 * Looks at what lies where a file is to be written: nothing, a regular file, or a link to one, whose
 * target is written then.
 * @throws UserError where it is a folder, a device, a pipe, a socket or a link that leads nowhere
 */
export async function outputPath(path: string): Promise<OutputPath> {
  const entry = await statOf(path, lstat);
  if (entry === undefined) return { target: resolve(path), found: undefined };
  if (!entry.isSymbolicLink()) return { target: resolve(path), found: regular(entry, path) };
  const target = await statOf(path, stat);
  if (target === undefined) {
    const leadsTo = resolve(dirname(path), await readlink(path));
    throw new UserError(
      `Expected a file to write at ${path} but it is a link to ${leadsTo}, which does not exist`,
      {
        remedy: 'Give the name of a file, or remove the link.',
      },
    );
  }
  return { target: await realpath(path), found: regular(target, path) };
}

async function statOf(
  path: string,
  ask: (path: string) => Promise<Stats>,
): Promise<Stats | undefined> {
  try {
    return await ask(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) return undefined;
    throw asFileError(error, path);
  }
}

function regular(found: Stats, path: string): Stats {
  if (found.isFile()) return found;
  throw new UserError(`Expected a regular file to write at ${path} but it is ${kindOf(found)}`, {
    remedy: 'Give the name of a file.',
  });
}

function kindOf(found: Stats): string {
  if (found.isDirectory()) return 'a folder';
  if (found.isFIFO()) return 'a pipe';
  if (found.isSocket()) return 'a socket';
  if (found.isCharacterDevice() || found.isBlockDevice()) return 'a device';
  return 'something else';
}
