import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CheckpointFolder } from '../../checkpoints/training_checkpoint/checkpoint_folder.ts';
import { stepOfName } from '../../checkpoints/training_checkpoint/checkpoint_name.ts';
import {
  readTrainingCheckpoint,
  type TrainingCheckpoint,
} from '../../checkpoints/training_checkpoint/training_checkpoint.ts';
import { UserError } from '../../foundation/errors.ts';
import type { Reporter } from '../../foundation/reporting/reporter.ts';
import { CHECKPOINTS } from '../outputs/training_files.ts';
import { option } from '../wording.ts';

export interface OpenCheckpoints {
  /** Locked for this process until it is closed. */
  readonly folder: CheckpointFolder;
  /** The checkpoint to go on from; undefined for a new training. */
  readonly resume: TrainingCheckpoint | undefined;
}

/**
 * Opens the checkpoints of the training in `out`. One that is to be resumed but is not there begins.
 * @throws UserError where there are checkpoints that are not to be resumed, where all are damaged, and
 *   where another process trains into the folder
 */
export async function openCheckpoints(
  out: string,
  resume: boolean | 'quietly',
  reporter: Reporter,
): Promise<OpenCheckpoints> {
  const folder = await CheckpointFolder.open({ dir: join(out, CHECKPOINTS), reporter });
  try {
    if (resume) {
      const checkpoint = await folder.latest();
      if (checkpoint === undefined && resume !== 'quietly') {
        reporter.info(`No checkpoint in ${out} to resume from: training begins.`);
      }
      return { folder, resume: checkpoint };
    }
    if ((await folder.steps()).length === 0) return { folder, resume: undefined };
    throw new UserError(
      `Expected a folder without a training but ${out} holds the checkpoints of one`,
      { remedy: `Pass ${option('resume', true)} to go on with it, or another ${option('out')}.` },
    );
  } catch (error) {
    await folder.close();
    throw error;
  }
}

/**
 * The newest whole checkpoint of the training in `out`, for a worker beside the one that has it open.
 * @returns undefined where there is none
 */
export async function newestCheckpoint(out: string): Promise<TrainingCheckpoint | undefined> {
  const dir = join(out, CHECKPOINTS);
  const names = await readdir(dir).catch(() => []);
  const steps = names.flatMap((name) => {
    const step = stepOfName(name);
    return step === undefined ? [] : [{ name, step }];
  });
  for (const { name, step } of steps.sort((a, b) => b.step - a.step)) {
    try {
      return await readTrainingCheckpoint(join(dir, name), step);
    } catch (error) {
      if (!(error instanceof UserError)) throw error; // A damaged one: worker 0 names it.
    }
  }
  return undefined;
}
