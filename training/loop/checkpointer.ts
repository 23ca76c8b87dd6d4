import { setTimeout as sleep } from 'node:timers/promises';
import type { CheckpointFolder } from '../../checkpoints/training_checkpoint/checkpoint_folder.ts';
import type { WeightTensor } from '../../checkpoints/weight_tensor.ts';
import { messageOf, UserError } from '../../foundation/errors.ts';
import type { Reporter } from '../../foundation/reporting/reporter.ts';
import type { TrainingState } from './training_state.ts';

/** Where checkpoints go, and how often. */
export interface CheckpointOptions {
  readonly folder: Pick<CheckpointFolder, 'dir' | 'save'>;
  /** Taken when either has passed since the one before. */
  readonly everySeconds?: number | undefined;
  readonly everySteps?: number | undefined;
}

export interface Snapshot {
  readonly tensors: ReadonlyMap<string, WeightTensor>;
  /** Not changed any more. */
  readonly state: TrainingState;
}

/**
 * Takes checkpoints while the training goes on: one is written at a time, beside the steps. The first
 * that cannot be kept ends the run: what it trained from there on would be lost with it.
 */
export class Checkpointer {
  private readonly options: CheckpointOptions | undefined;
  private readonly beforeSave: (step: number) => Promise<void> | void;
  private readonly reporter: Reporter;
  private taken: { step: number; seconds: number };
  private stored: Pick<TrainingState, 'epoch' | 'step'> | undefined;
  private underWay: Promise<void> | undefined;
  /** What kept a checkpoint that was written beside the steps from being stored. */
  private failure: CheckpointFailure | undefined;

  /**
   * @param options without them nothing is stored
   * @param resumed the checkpoint that the run goes on from
   * @param beforeSave awaited before a checkpoint of that many steps is written
   */
  constructor(
    options: CheckpointOptions | undefined,
    resumed: Pick<TrainingState, 'epoch' | 'step' | 'elapsedSeconds'> | undefined,
    beforeSave: (step: number) => Promise<void> | void,
    reporter: Reporter,
  ) {
    this.options = options;
    this.beforeSave = beforeSave;
    this.reporter = reporter;
    this.stored = resumed && { epoch: resumed.epoch, step: resumed.step };
    this.taken = { step: resumed?.step ?? 0, seconds: resumed?.elapsedSeconds ?? 0 };
  }

  /** Whether a checkpoint is to be taken now. */
  isDue({ step, elapsedSeconds }: Pick<TrainingState, 'step' | 'elapsedSeconds'>): boolean {
    if (this.options === undefined || this.underWay !== undefined) return false;
    const { everySteps = Infinity, everySeconds = Infinity } = this.options;
    const { taken } = this;
    return step - taken.step >= everySteps || elapsedSeconds - taken.seconds >= everySeconds;
  }

  /** @throws CheckpointFailure where a checkpoint could not be stored */
  check(): void {
    if (this.failure !== undefined) throw this.failure;
  }

  /** Begins to write a checkpoint. */
  begin(snapshot: Snapshot): void {
    const { step, elapsedSeconds } = snapshot.state;
    this.taken = { step, seconds: elapsedSeconds };
    this.underWay = this.write(snapshot)
      .catch((error: CheckpointFailure) => {
        this.failure = error;
      })
      .finally(() => {
        this.underWay = undefined;
      });
  }

  /**
   * Lets a checkpoint under way get on for a tenth of a step's time. Steps block the event loop: by
   * its single turns between steps alone, a large checkpoint would take tens of long steps.
   */
  async getOn(stepMs: number): Promise<void> {
    if (this.underWay !== undefined) await Promise.race([this.underWay, sleep(stepMs / 10)]);
  }

  /**
   * Writes a last checkpoint, after the one under way, unless it is there. One that cannot be stored is a
   * warning: the network that was trained is still to be.
   */
  async finish(snapshot: Snapshot): Promise<void> {
    await this.settle();
    const { epoch, step } = snapshot.state;
    const isStored = this.stored?.epoch === epoch && this.stored.step === step;
    if (this.options === undefined || isStored) return;
    await this.write(snapshot).catch((error: CheckpointFailure) => {
      this.reporter.warn(error.message);
    });
  }

  /** Waits for the checkpoint under way. */
  async settle(): Promise<void> {
    await this.underWay;
  }

  /** Says which checkpoint is the last that was stored, where there is one. */
  get kept(): string | undefined {
    if (this.options === undefined || this.stored === undefined) return undefined;
    return `The last good checkpoint, of step ${this.stored.step}, is kept in ${this.options.folder.dir}.`;
  }

  private async write({ tensors, state }: Snapshot): Promise<void> {
    const { epoch, step } = state;
    try {
      await this.beforeSave(step);
      await this.options!.folder.save({ step, tensors, state });
      this.stored = { epoch, step };
    } catch (error) {
      throw new CheckpointFailure(step, error, this.kept);
    }
  }
}

/** A checkpoint that could not be stored, as on a full disk. */
export class CheckpointFailure extends UserError {
  override readonly name = 'CheckpointFailure';

  /** @param kept says which checkpoint is the last good one, where there is one */
  constructor(step: number, cause: unknown, kept: string | undefined) {
    const { remedy } = cause as { readonly remedy?: string };
    super(`The checkpoint of step ${step} could not be stored: ${messageOf(cause)}`, {
      remedy: [
        remedy ?? 'Mend what kept it from being written.',
        kept === undefined
          ? 'Then train anew.'
          : `${kept} Then go on from it with \`resume: true\`.`,
      ].join(' '),
      cause,
    });
  }
}
