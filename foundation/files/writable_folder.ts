import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { asFileError } from './file_errors.ts';
import { makeFolder } from './make_folder.ts';
import { temporaryPath } from './temporary_path.ts';

/**
 * Makes the folder `dir` where it is missing and writes a file in it, which is removed again: for
 * work whose result must not be lost at its end.
 * @throws UserError where `dir` is a file or cannot be written
 */
export async function makeWritableFolder(dir: string): Promise<void> {
  const probeName = join(dir, 'probe');
  const probe = temporaryPath(probeName, '.tmp');
  try {
    await makeFolder(dir);
    await (await open(probe, 'wx')).close();
    await rm(probe);
  } catch (error) {
    throw asFileError(error, probeName);
  }
}
