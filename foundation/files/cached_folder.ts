import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { makeWholeFolder } from './whole_folder.ts';

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
  await makeWholeFolder(folder, async (temporary) => {
    await make(temporary);
    await writeFile(join(temporary, STAMP), JSON.stringify({ key }));
  });
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
