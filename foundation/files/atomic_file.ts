import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { asFileError } from './file_errors.ts';
import { temporaryPath } from './temporary_path.ts';

/**
 * Writes `data` to `path` so that a reader sees the old file or the whole new one, also after a
 * crash: a temporary file in the same folder is written, synchronized and renamed. The folder is
 * made where it is missing.
 *
 * @throws UserError where the disk is full, the folder is not writable or `path` cannot be a file;
 * the old file stays.
 */
export async function writeFileAtomic(path: string, data: string | Uint8Array): Promise<void> {
  const temporary = temporaryPath(path, '.tmp');
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw asFileError(error, path);
  }
}
