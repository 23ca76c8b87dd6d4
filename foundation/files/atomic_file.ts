import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { asFileError } from './file_errors.ts';
import { makeFolder } from './make_folder.ts';
import { outputPath } from './output_path.ts';
import { temporaryPath } from './temporary_path.ts';

/**
 * Writes `data` to `path` so that a reader sees the old file or the whole new one, also after a
 * crash: a temporary file in the same folder is written, synchronized and renamed. The folder is
 * made where it is missing. Where `path` is a link, the file that it leads to is written.
 *
 * @throws UserError where the disk is full, the folder is not writable, `path` cannot be a file, or
 *   is a device, a pipe or a link that leads nowhere; what was there stays
 */
export async function writeFileAtomic(path: string, data: string | Uint8Array): Promise<void> {
  const { target } = await outputPath(path);
  const temporary = temporaryPath(target, '.tmp');
  try {
    await makeFolder(dirname(target));
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw asFileError(error, path);
  }
}
