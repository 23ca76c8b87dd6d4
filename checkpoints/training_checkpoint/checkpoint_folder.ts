import { open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidValueError, messageOf, UserError } from '../../foundation/errors.ts';
import { asFileError, errorCode } from '../../foundation/files/file_errors.ts';
import { FolderLock } from '../../foundation/files/folder_lock.ts';
import { temporaryPath } from '../../foundation/files/temporary_path.ts';
import { makeWritableFolder } from '../../foundation/files/writable_folder.ts';
import type { Reporter } from '../../foundation/reporting/reporter.ts';
import type { WeightTensor } from '../weight_tensor.ts';
import { stepOfName } from './checkpoint_name.ts';
import { writeSafetensors } from './safetensors.ts';
import {
  encodeState,
  readTrainingCheckpoint,
  type TrainingCheckpoint,
} from './training_checkpoint.ts';

const UNFINISHED = /^step-\d{8,}\.safetensors\..+\.tmp$/;

export interface CheckpointFolderOptions {
  /** Made where it is missing. */
  readonly dir: string;
  /** Newest checkpoints that are kept, at least 2: the newest may turn out to be damaged. */
  readonly keep?: number | undefined;
  readonly reporter: Reporter;
}

export interface NewCheckpoint {
  /** Steps done. */
  readonly step: number;
  /** Must not change until the save is done. */
  readonly tensors: ReadonlyMap<string, WeightTensor>;
  /** An object that JSON can hold; it is read at once. */
  readonly state: object;
}

/** A checkpoint could not be written; the ones before it are untouched, and training can go on. */
export class CheckpointNotSaved extends UserError {}

/**
 * The checkpoints of one training, `step-00001234.safetensors`, in a folder that is locked for this
 * process until `close`. At any moment, a kill or a full disk included, it holds the newest
 * checkpoint whose saving was done, whole.
 */
export class CheckpointFolder {
  readonly dir: string;
  private readonly keep: number;
  private readonly reporter: Reporter;
  private readonly lock: FolderLock;
  /** Steps that `latest` has found damaged. */
  private readonly damaged = new Set<number>();
  /** Ends after the saves that were asked for; never rejects. */
  private saves: Promise<void> = Promise.resolve();
  private closed = false;

  private constructor(dir: string, keep: number, reporter: Reporter, lock: FolderLock) {
    this.dir = dir;
    this.keep = keep;
    this.reporter = reporter;
    this.lock = lock;
  }

  /**
   * Makes the folder, locks it and removes what interrupted saves have left.
   * @throws UserError where it cannot be written, or naming the process that trains into it;
   *   InvalidValueError where `keep` is below 2
   */
  static async open(options: CheckpointFolderOptions): Promise<CheckpointFolder> {
    const { dir, keep = 3, reporter } = options;
    if (!Number.isInteger(keep) || keep < 2) {
      throw new InvalidValueError(`Expected keep of at least 2 checkpoints but received ${keep}`);
    }
    await makeWritableFolder(dir);
    const lock = await FolderLock.acquire(join(dir, 'lock'));
    const folder = new CheckpointFolder(dir, keep, reporter, lock);
    try {
      // Under the lock all of them are orphans, whoever made them.
      for (const name of await readdir(dir)) {
        if (UNFINISHED.test(name)) await folder.remove(name);
      }
    } catch (error) {
      await lock.release();
      throw error;
    }
    return folder;
  }

  /** Steps of the checkpoints that are there, whole or not, ascending. */
  async steps(): Promise<number[]> {
    const steps: number[] = [];
    for (const name of await readdir(this.dir)) {
      const step = stepOfName(name);
      if (step !== undefined && fileName(step) === name) steps.push(step);
    }
    return steps.sort((a, b) => a - b);
  }

  /**
   * Saves a checkpoint, then removes all but the `keep` newest. When the promise is fulfilled, the
   * checkpoint is on the disk and survives a power failure.
   *
   * One save at a time: a second one waits for the first, and its tensors with it. Between two file
   * operations the event loop turns, so training can go on meanwhile; a caller that blocks it step
   * after step gives the save one operation a step (about 40 for 50 MB), unless it awaits it.
   *
   * @throws CheckpointNotSaved where it cannot be written; InvalidValueError for what a checkpoint cannot
   *   hold (`writeSafetensors`, `encodeState`). What was there stays.
   */
  async save({ step, tensors, state }: NewCheckpoint): Promise<void> {
    if (this.closed)
      throw new InvalidValueError(`Expected an open folder but ${this.dir} is closed`);
    const metadata = encodeState(step, state);
    const saved = this.saves.then(() => this.write(step, tensors, metadata));
    this.saves = saved.catch(() => undefined);
    await saved;
  }

  /**
   * The newest whole checkpoint. A damaged one is named to the reporter, left out, and removed once
   * the next one is saved.
   * @returns undefined where there is no checkpoint
   * @throws UserError where all are damaged, or one cannot be read for a reason that passes
   */
  async latest(): Promise<TrainingCheckpoint | undefined> {
    await this.settle();
    const steps = await this.steps();
    for (const step of steps.toReversed()) {
      try {
        return await readTrainingCheckpoint(join(this.dir, fileName(step)), step);
      } catch (error) {
        if (!(error instanceof UserError) || isPassing(error)) throw error;
        this.damaged.add(step);
        this.reporter.warn(`Leaving out a damaged checkpoint: ${error.message}`);
      }
    }
    if (steps.length === 0) return undefined;
    throw new UserError(
      `Expected a whole checkpoint in ${this.dir} but all ${steps.length} are damaged`,
      { remedy: 'Bring back a copy of one of them, or train anew into another folder.' },
    );
  }

  /** Waits until the saves that were asked for have ended, well or not. */
  async settle(): Promise<void> {
    await this.saves;
  }

  /** As `settle`, and gives the folder free. */
  async close(): Promise<void> {
    this.closed = true;
    await this.settle();
    await this.lock.release();
  }

  private async write(
    step: number,
    tensors: ReadonlyMap<string, WeightTensor>,
    metadata: ReadonlyMap<string, string>,
  ): Promise<void> {
    const path = join(this.dir, fileName(step));
    const temporary = temporaryPath(path, '.tmp');
    let others: number[];
    try {
      await this.lock.check();
      others = (await this.steps()).filter((other) => other !== step);
      this.checkNewest(step, others);
      const file = await open(temporary, 'wx');
      try {
        await writeSafetensors(file, tensors, metadata);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, path);
      await syncFolder(this.dir);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw asNotSaved(error, path);
    }
    this.damaged.delete(step);
    const kept = others.filter((other) => !this.damaged.has(other)).slice(1 - this.keep);
    for (const other of others) {
      if (!kept.includes(other)) await this.remove(fileName(other));
    }
  }

  /** Another training's checkpoints would count as the newer ones, and ours be removed. */
  private checkNewest(step: number, others: readonly number[]): void {
    const later = others.find((other) => other > step && !this.damaged.has(other));
    if (later === undefined) return;
    throw new UserError(
      `Expected no checkpoint after step ${step} in ${this.dir} but there is one of step ${later}`,
      { remedy: 'Resume that training, or choose another folder.' },
    );
  }

  private async remove(name: string): Promise<void> {
    const path = join(this.dir, name);
    await rm(path, { force: true }).catch((error: unknown) => {
      this.reporter.warn(`Could not remove ${path}: ${messageOf(error)}`);
    });
  }
}

function fileName(step: number): string {
  return `step-${String(step).padStart(8, '0')}.safetensors`;
}

/** Makes a renaming last through a power failure, where the system can synchronize a folder. */
async function syncFolder(dir: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(dir);
  try {
    await folder.sync();
  } catch (error) {
    if (errorCode(error) !== 'EINVAL') throw error; // That file system cannot.
  } finally {
    await folder.close();
  }
}

/** What kept the file `path` from being written; mistakes of the caller come back as they are. */
function asNotSaved(error: unknown, path: string): unknown {
  if (error instanceof InvalidValueError) return error;
  const explained = asFileError(error, path);
  if (explained instanceof UserError) {
    const { message, remedy } = explained;
    return new CheckpointNotSaved(message, { ...(remedy && { remedy }), cause: error });
  }
  if (errorCode(error) === undefined) return error;
  return new CheckpointNotSaved(`Expected to write ${path} but: ${messageOf(error)}`, {
    cause: error,
  });
}

/** What keeps a file from being read without its being damaged. */
const PASSING = ['EACCES', 'EPERM', 'EMFILE', 'ENFILE', 'ENOMEM'];

function isPassing({ cause }: UserError): boolean {
  return PASSING.includes(errorCode(cause) ?? '');
}
