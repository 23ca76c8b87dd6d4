import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { UserError } from '../errors.ts';
import { asFileError } from './file_errors.ts';
import { type LockFile, type LockHolder, takeLock } from './lock_file.mjs';

/**
 * A lock file that keeps a folder for one process. The lock of a process that has died, also by a
 * kill or a power failure, is taken over.
 */
export class FolderLock {
  private readonly path: string;
  private readonly file: LockFile;

  private constructor(path: string, file: LockFile) {
    this.path = path;
    this.file = file;
  }

  /**
   * Takes the lock file `path` of the folder that it stands in.
   * @throws UserError naming the living process that holds it, or where it cannot be written
   */
  static async acquire(path: string): Promise<FolderLock> {
    try {
      const file = await takeLock(path, (holder) => {
        throw inUse(holder, path);
      });
      return new FolderLock(path, file);
    } catch (error) {
      throw asFileError(error, path);
    }
  }

  /**
   * Checks that the lock is still ours: a process that was stopped for long may have lost it.
   * @throws UserError naming who holds it now
   */
  async check(): Promise<void> {
    if (this.file.isMine()) return;
    const holder = this.file.holder();
    if (holder !== undefined) throw inUse(holder, this.path);
    throw new UserError(`Expected the lock ${this.path} of this process but it is there no more`, {
      remedy: 'Resume the training, and let the file stand while it runs.',
    });
  }

  /** Gives the folder free. */
  async release(): Promise<void> {
    this.file.release();
  }
}

function inUse({ pid, host }: LockHolder, path: string): UserError {
  const where = host === hostname() ? '' : ` on ${host}`;
  return new UserError(
    `Expected ${dirname(path)} for this process alone but process ${pid}${where} trains into it`,
    {
      remedy: `Wait until process ${pid} has ended, or choose another folder. If it is no training, remove ${path}.`,
    },
  );
}
