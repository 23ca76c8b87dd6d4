import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { asReadError, errorCode } from './file_errors.ts';

/** Codes of a process, or a machine, that has as many files open as it may. */
const NO_FILE_LEFT = ['EMFILE', 'ENFILE'];

/** Other reads end in the meantime and give their files back. */
const FIRST_WAIT_MS = 2;
const WAITS = 12;

/**
 * `work`, which opens a file and closes it again; waits where none can be opened at the moment, in all
 * up to some eight seconds.
 * @throws UserError that says how to raise the limit where none becomes free; what `work` throws
 */
export async function whenFree<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  for (let waits = 0; ; waits++) {
    try {
      return await work();
    } catch (error) {
      if (!NO_FILE_LEFT.includes(errorCode(error) ?? '')) throw error;
      if (waits === WAITS) throw asReadError(error, path);
      await sleep(FIRST_WAIT_MS * 2 ** waits);
    }
  }
}

/** `readFile` that waits where no more files can be opened at the moment (`whenFree`). */
export function readWhenFree(path: string, signal?: AbortSignal): Promise<Buffer> {
  return whenFree(path, () => readFile(path, { signal }));
}
