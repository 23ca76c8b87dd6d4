import { statfs } from 'node:fs/promises';
import { messageOf } from '../errors.ts';

/** @throws Error naming what is needed and what is there, before anything is written */
export async function requireSpace(folder: string, bytes: number, what: string): Promise<void> {
  const disk = await statfs(folder).catch((error) => {
    throw new Error(`${folder} cannot be examined: ${messageOf(error)}`);
  });
  const free = disk.bavail * disk.bsize;
  if (free < bytes) {
    const mb = (n: number) => `${Math.ceil(n / 1e6)} MB`;
    throw new Error(`${mb(bytes)} are needed ${what} but ${folder} has ${mb(free)} free`);
  }
}
