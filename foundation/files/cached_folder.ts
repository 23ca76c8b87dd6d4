import { rmSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { abandonedPaths, temporaryPath } from './temporary_path.ts';

const STAMP = 'complete.json';
const stampSchema = z.object({ key: z.string() });

/**
 * A folder that is made once: what stands there is taken if it was made for the same `key`, and made
 * anew otherwise. It appears whole or not at all.
 * @param key of everything that the content depends on
 * @param make fills an empty folder; its errors are passed on
 * @param stillWorks whether a folder that was made for the key is as good as a new one
 * @returns `folder`
 */
export async function cachedFolder(
  folder: string,
  key: string,
  make: (folder: string) => Promise<void>,
  stillWorks: () => Promise<boolean> = async () => true,
): Promise<string> {
  if ((await keyOf(folder)) === key && (await stillWorks())) return folder;
  await mkdir(dirname(folder), { recursive: true });
  for (const old of await abandonedPaths(folder, '.tmp')) {
    await rm(old, { recursive: true, force: true });
  }
  const temporary = temporaryPath(folder, '.tmp');
  const removeOnExit = () => rmSync(temporary, { recursive: true, force: true });
  process.once('exit', removeOnExit);
  try {
    await mkdir(temporary);
    await make(temporary);
    await writeFile(join(temporary, STAMP), JSON.stringify({ key }));
    await rm(folder, { recursive: true, force: true });
    await rename(temporary, folder);
  } finally {
    process.off('exit', removeOnExit);
    await rm(temporary, { recursive: true, force: true });
  }
  return folder;
}

/** undefined where the folder is not whole. */
async function keyOf(folder: string): Promise<string | undefined> {
  try {
    return stampSchema.parse(JSON.parse(await readFile(join(folder, STAMP), 'utf8'))).key;
  } catch {
    return undefined;
  }
}
