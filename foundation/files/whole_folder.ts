import { rmSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode } from './file_errors.ts';
import { makeFolder } from './make_folder.ts';
import { abandonedPaths, temporaryPath } from './temporary_path.ts';

/**
 * Makes the folder `folder`, which appears whole or not at all: `make` fills an empty folder beside it,
 * which then takes its place. What stood there stays until then. Of several processes that make it at
 * once, the folder of one stays: it is as good.
 * @param make its errors are passed on
 */
export async function makeWholeFolder(
  folder: string,
  make: (folder: string) => Promise<void>,
): Promise<void> {
  await makeFolder(dirname(folder));
  for (const old of await abandonedPaths(folder, '.tmp')) {
    await rm(old, { recursive: true, force: true });
  }
  const temporary = temporaryPath(folder, '.tmp');
  const removeOnExit = () => rmSync(temporary, { recursive: true, force: true });
  process.once('exit', removeOnExit);
  try {
    await mkdir(temporary);
    await make(temporary);
    await rm(folder, { recursive: true, force: true });
    await rename(temporary, folder).catch((error) => {
      // Another process was faster.
      if (!['ENOTEMPTY', 'EEXIST'].includes(errorCode(error) ?? '')) throw error;
    });
  } finally {
    process.off('exit', removeOnExit);
    await rm(temporary, { recursive: true, force: true });
  }
}
