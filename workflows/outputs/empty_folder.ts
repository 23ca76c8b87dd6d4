import { existsSync } from 'node:fs';
import { rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CHECKPOINTS } from './training_files.ts';

/**
 * Does work that stores something in the folder `dir`. Where it fails before, the folder that it has made
 * is removed again.
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
    if (!wasThere) {
      for (const folder of [join(dir, CHECKPOINTS), dir])
        await rmdir(folder).catch(() => undefined);
    }
    throw error;
  }
}
