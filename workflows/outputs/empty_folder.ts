import { existsSync } from 'node:fs';
import { readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Does work that stores something in the folder `dir`. Where it fails before, the folder that it has made,
 * and those in it, are removed again.
 * @throws what the work throws
 */
export async function leavingNoEmptyFolder<Result>(
  dir: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const wasThere = existsSync(dir);
  try {
    return await work();
  } catch (error) {
    if (!wasThere) await removeEmpty(dir);
    throw error;
  }
}

/** Nothing that holds a file. */
async function removeEmpty(dir: string): Promise<void> {
  const names = await readdir(dir).catch(() => []);
  const folders = [...names.map((name) => join(dir, name)), dir];
  for (const folder of folders) await rmdir(folder).catch(() => undefined);
}
