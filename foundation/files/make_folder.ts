import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode } from './file_errors.ts';

/**
 * Makes the folder `dir`, and those above it that are missing. Node's own recursive `mkdir` never ends
 * where a folder that is there takes no others, such as /proc.
 * @throws the system's error where a folder cannot be made, or a file is in the place of one
 */
export async function makeFolder(dir: string): Promise<void> {
  try {
    await mkdir(dir);
  } catch (error) {
    const above = dirname(dir);
    if (errorCode(error) !== 'ENOENT' || above === dir) return requireFolder(dir, error);
    if (!(await isFolder(above))) await makeFolder(above);
    // Another process may have made it meanwhile.
    await mkdir(dir).catch((second: unknown) => requireFolder(dir, second));
  }
}

/** @throws `error`, or that of a link which leads nowhere, where no folder is there */
async function requireFolder(dir: string, error: unknown): Promise<void> {
  const found = await stat(dir).catch((missing: unknown) => {
    throw errorCode(error) === 'EEXIST' ? missing : error;
  });
  if (!found.isDirectory()) throw error;
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}
