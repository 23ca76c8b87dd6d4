import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UserError } from '../../foundation/errors.ts';
import { asFileError, errorCode } from '../../foundation/files/file_errors.ts';
import { makeWritableFolder } from '../../foundation/files/writable_folder.ts';
import { option } from '../wording.ts';

/**
 * Finds out before the work whether its result can be written to `path`; makes the folder where it
 * is missing.
 * @throws UserError where `path` is a folder or no name for a file, or its folder cannot be made or
 *   written to
 */
export async function requireWritableFile(path: string): Promise<void> {
  const found = await stat(path).catch((error: unknown) => {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) return undefined;
    throw asFileError(error, path);
  });
  if (found?.isDirectory()) {
    throw new UserError(`Expected a file for ${option('out')} but ${path} is a folder`, {
      remedy: `Pass the name of a file, such as ${join(path, 'model.tf8')}.`,
    });
  }
  await makeWritableFolder(dirname(path));
}
