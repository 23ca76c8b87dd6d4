import { statfs } from 'node:fs/promises';
import { messageOf, UserError } from '../errors.ts';

const REMEDY = 'Free some space, or set TF8_CACHE to another folder.';

/** @throws UserError naming what is needed and what is there, before anything is written */
export async function requireSpace(folder: string, bytes: number, what: string): Promise<void> {
  const disk = await statfs(folder).catch((error) => {
    throw new UserError(`${folder} cannot be examined: ${messageOf(error)}`, { remedy: REMEDY });
  });
  const free = disk.bavail * disk.bsize;
  if (free < bytes) {
    const mb = (n: number) => `${Math.ceil(n / 1e6)} MB`;
    throw new UserError(`${mb(bytes)} are needed ${what} but ${folder} has ${mb(free)} free`, {
      remedy: REMEDY,
    });
  }
}
