import type {
  CheckpointFolder,
  NewCheckpoint,
} from '../../../checkpoints/training_checkpoint/checkpoint_folder.ts';
import type { TrainingCheckpoint } from '../../../checkpoints/training_checkpoint/training_checkpoint.ts';

/** Checkpoints as a folder would give them back. */
export class MemoryCheckpoints implements Pick<CheckpointFolder, 'dir' | 'save'> {
  readonly dir = 'models/small/checkpoints';
  readonly saved: TrainingCheckpoint[] = [];
  /** Thrown by so many saves to come. */
  failures = 0;

  async save({ step, tensors, state }: NewCheckpoint): Promise<void> {
    await Promise.resolve();
    if (this.failures > 0) {
      this.failures--;
      throw new Error('the disk is full');
    }
    this.saved.push({ step, tensors, state: JSON.parse(JSON.stringify(state)) });
  }

  get steps(): number[] {
    return this.saved.map(({ step }) => step);
  }
}
