import { setImmediate } from 'node:timers/promises';
import type { LabelledBatch, SkippedImage } from '../../datasets/dataset.ts';
import { messageOf, UserError } from '../../foundation/errors.ts';
import { deriveSeed } from '../../foundation/hashes/derive_seed.ts';
import { ClusterError } from '../cluster/cluster_error.ts';
import { learningRateAt } from '../recipes/learning_rate.ts';
import type { StepResult, TrainStep } from '../step/train_step.ts';
import { endObserver, type TrainingObserver } from '../watch/observer.ts';
import { RunBudget } from './budget.ts';
import { Checkpointer, type Snapshot } from './checkpointer.ts';
import { DivergenceError, lossDamage, tensorDamage } from './divergence.ts';
import { isShortTail, shareOfBatches } from './epoch_images.ts';
import { readAhead } from './read_ahead.ts';
import { RunClock } from './run_clock.ts';
import { identityOf } from './run_identity.ts';
import { RunProgressReport } from './run_progress_report.ts';
import { factsOf } from './start_facts.ts';
import type { Agreement } from './team.ts';
import type { TrainOptions, TrainResult } from './train_options.ts';
import {
  type BestEpoch,
  type EpochSummary,
  initialState,
  stateToResume,
  type TrainingState,
} from './training_state.ts';
import { crossEntropy, type Validation, validate } from './validate.ts';

/**
 * Trains by a step, in the order that the seed gives; the same seed, data and machine give the same
 * weights, also where a run is resumed in between. A last batch of fewer than 8 images is left out
 * unless it is whole or the only one. An aborted run takes a last checkpoint; one that is over keeps
 * its last, from which it resumes without a step.
 *
 * Among workers (`team`) all take the same steps, each on its share of every batch; worker 0 alone
 * validates, and its clock is everybody's.
 * @throws CheckpointFailure at the first checkpoint that cannot be stored, where the last one stays;
 *   DivergenceError naming the step, the learning rate and the last good checkpoint; UserError
 *   where no image could be read, and where `resume` is the checkpoint of another run
 */
export async function train(step: TrainStep, options: TrainOptions): Promise<TrainResult> {
  const run = new TrainingRun(step, options);
  const observer = await options.observe?.();
  try {
    return await run.run(observer);
  } finally {
    await endObserver(observer, options.reporter);
  }
}

class TrainingRun {
  private readonly step: TrainStep;
  private readonly options: TrainOptions;
  private readonly state: TrainingState;
  private readonly skipped: Set<string>;
  private readonly budget: RunBudget;
  private readonly clock: RunClock;
  private readonly checkpointer: Checkpointer;
  private observer: TrainingObserver | undefined;
  /** What all workers hold to since the last step; undefined without others. */
  private agreed: Agreement | undefined;
  /** The last step of this process. */
  private last: { readonly batch: LabelledBatch; readonly learningRate: number } | undefined;

  constructor(step: TrainStep, options: TrainOptions) {
    this.step = step;
    this.options = options;
    const { recipe, resume, reporter } = options;
    const identity = identityOf(options);
    this.state = resume ? stateToResume(resume.state, identity) : initialState(identity);
    this.skipped = new Set(this.state.skipped);
    this.budget = new RunBudget(recipe, identity.imagesPerEpoch);
    this.clock = new RunClock(this.state.elapsedSeconds, options.now);
    this.agreed = options.team && { stop: false, seconds: this.state.elapsedSeconds };
    this.checkpointer = new Checkpointer(
      options.checkpoints,
      resume && this.state,
      (steps) => this.observer?.checkpoint?.(steps),
      reporter,
    );
    if (resume) {
      step.writeState(resume.tensors);
      reporter.info(`Resuming after step ${this.state.step}.`);
    }
  }

  async run(observer: TrainingObserver | undefined): Promise<TrainResult> {
    const { state, options, budget } = this;
    this.observer = observer;
    const progress = new RunProgressReport(options.reporter, options.label ?? 'training', state);
    try {
      await this.requireAlike();
      while (!budget.isSpent(this.atNow()) && !this.aborted) await this.trainEpoch(progress);
      const last = await this.soundSnapshot();
      const interrupted = !budget.isSpent(state);
      // What was interrupted is kept as far as it came.
      if (!interrupted) await this.checkLastUpdate();
      await this.checkpointer.finish(last);
      return this.result(interrupted);
    } catch (error) {
      if (error instanceof ClusterError) await this.keepLastStep();
      throw error;
    } finally {
      progress.end();
      await this.checkpointer.settle();
    }
  }

  /** Workers that begin apart would stay apart. */
  private async requireAlike(): Promise<void> {
    const { team } = this.options;
    if (team !== undefined) await team.requireAlike(factsOf(this.state, this.step.readState()));
  }

  /** A step that failed has changed nothing: the last one that was done is not lost. */
  private async keepLastStep(): Promise<void> {
    try {
      await this.checkpointer.finish(await this.soundSnapshot());
    } catch (error) {
      this.options.reporter.warn(`The last step could not be stored: ${messageOf(error)}`);
    }
  }

  private async trainEpoch(progress: RunProgressReport): Promise<void> {
    const { options, clock, checkpointer } = this;
    const batches = readAhead(this.epochBatches());
    try {
      for (;;) {
        const state = this.atNow();
        if (state.sums.images > 0 && this.budget.isTimeOver(state)) break;
        clock.startWaiting();
        // A step blocks the event loop: without a turn of it no worker's batch, no write and no
        // Ctrl-C would ever arrive.
        await setImmediate();
        await checkpointer.getOn(clock.stepMs);
        checkpointer.check();
        if (this.aborted) return;
        const { value: batch } = await batches.next();
        if (this.aborted) return;
        if (!batch) break;
        // Broken images may leave a smaller last batch than was planned. Of a share nobody knows it.
        const isShort =
          options.team === undefined && isShortTail(batch.shape[0], options.recipe.batchSize);
        if (state.sums.images > 0 && isShort) continue;
        // Before a step, when an epoch that is over has ended: none ends twice for who watches.
        if (checkpointer.isDue(this.atNow())) checkpointer.begin(await this.soundSnapshot());
        const learningRate = await this.takeStep(batch);
        progress.update(state, learningRate);
      }
    } finally {
      clock.pause();
      await batches.return();
    }
    await this.endEpoch();
  }

  private epochBatches(): AsyncIterable<LabelledBatch> {
    const { dataset, recipe, seed, team } = this.options;
    const { epoch, position, run } = this.state;
    return dataset.batches({
      split: 'train',
      batchSize: recipe.batchSize,
      resolution: recipe.resolution,
      skip: position,
      limit: run.imagesPerEpoch - position,
      seed: deriveSeed(seed, 'order', epoch),
      augmentation: recipe.augmentation,
      augmentationSeed: deriveSeed(seed, 'augmentation', epoch),
      reuseMemory: true,
      share: team && shareOfBatches(team, recipe.batchSize),
      onSkip: (image) => this.skip(image),
    });
  }

  /** @returns the learning rate */
  private async takeStep(batch: LabelledBatch): Promise<number> {
    const { state, clock } = this;
    const progress = this.budget.progress(this.atNow());
    const learningRate = learningRateAt(this.options.recipe.learningRate, progress);
    clock.startStep();
    const { team, signal, seed } = this.options;
    const mine = { stop: signal?.aborted === true, seconds: clock.elapsedSeconds };
    const result = await this.step.run(batch, {
      learningRate,
      seed: deriveSeed(seed, 'dropout', state.step),
      step: state.step,
      ...(this.step.followsProgress && { progress: progress.share }),
      ...(team && { share: { rank: team.rank, mine } }),
    });
    const size = result.joint?.images ?? batch.shape[0];
    this.agreed = result.joint?.agreed;
    const timing = clock.endStep(size);
    const damage = lossDamage(result.loss);
    if (damage !== undefined) {
      throw await this.diverged(`${damage} at`, state.step + 1, learningRate);
    }
    this.count(size, batch.position, result);
    this.last = { batch, learningRate };
    this.observer?.step({
      step: state.step,
      loss: result.loss,
      accuracy: (100 * result.correct) / size,
      learningRate,
      ...timing,
    });
    return learningRate;
  }

  private count(images: number, position: number, { loss, correct }: StepResult): void {
    const { sums } = this.state;
    this.state.sums = {
      loss: sums.loss + loss * images,
      correct: sums.correct + correct,
      images: sums.images + images,
    };
    this.state.position = position;
    this.state.step++;
  }

  /** Measures the network on the images held out and goes on to the next epoch. */
  private async endEpoch(): Promise<void> {
    const { state, options } = this;
    if (state.sums.images === 0) {
      throw new UserError(
        `Expected at least one training image of ${options.dataset.name} but ${this.skipped.size} of ${state.run.imagesPerEpoch} could not be read`,
        { remedy: `Check the files in ${options.dataset.origin}.` },
      );
    }
    const validation = this.isFirst ? await this.validation() : undefined;
    await this.agree();
    if (this.aborted) return; // When resumed, the epoch ends anew.
    const summary: EpochSummary = { ...epochSummary(state), ...(validation && { validation }) };
    state.epochs.push(summary);
    state.epoch++;
    state.position = 0;
    state.sums = { loss: 0, correct: 0, images: 0 };
    this.observer?.epoch({ epoch: state.epoch, step: state.step, ...summary });
    if (validation !== undefined) await this.compareWithBest(validation);
  }

  private async validation(): Promise<Validation | undefined> {
    const { dataset, recipe, signal } = this.options;
    if (this.state.run.validationImages === 0) return undefined;
    const batches = dataset.batches({
      split: 'validation',
      batchSize: recipe.batchSize,
      resolution: recipe.resolution,
      reuseMemory: true,
      onSkip: (image) => this.skip(image),
    });
    const validation = await validate(this.step, batches, signal);
    const damage = validation && lossDamage(validation.loss);
    if (damage !== undefined) throw await this.diverged(`${damage} in validation after`);
    return validation;
  }

  private async compareWithBest(validation: Validation): Promise<void> {
    const { state, options } = this;
    const { best, epoch, step } = state;
    const better =
      best === undefined ||
      validation.top1 > best.top1 ||
      (validation.top1 === best.top1 && validation.loss < best.loss);
    if (!better) return;
    const found: BestEpoch = { epoch, step, ...validation };
    try {
      await options.keepBest?.({ ...this.result(false), best: found });
      state.best = found;
    } catch (error) {
      options.reporter.warn(`The best network so far could not be stored: ${messageOf(error)}`);
    }
  }

  /** Nothing goes on from a network that is broken. */
  private async soundSnapshot(): Promise<Snapshot> {
    const tensors = this.step.readState();
    const damage = tensorDamage(tensors);
    if (damage !== undefined) throw await this.diverged(`${damage} after`);
    const state = { ...structuredClone(this.atNow()), skipped: [...this.skipped] };
    return { tensors, state };
  }

  /** The last update shows in no step's loss. */
  private async checkLastUpdate(): Promise<void> {
    if (this.last === undefined || !this.isFirst) return;
    const { images, shape, labels } = this.last.batch;
    if (labels.length === 0) return; // a share whose images are all broken
    const logits = this.step.predict(images, shape);
    const classes = logits.length / labels.length;
    const losses = Array.from(labels, (label, n) =>
      crossEntropy(logits.subarray(n * classes, (n + 1) * classes), label),
    );
    const damage = lossDamage(losses.reduce((a, b) => a + b, 0) / labels.length);
    if (damage !== undefined) throw await this.diverged(`${damage} after`);
  }

  /** Waits for the checkpoint under way, which may be the last good one. */
  private async diverged(
    what: string,
    step = this.state.step,
    learningRate = this.last?.learningRate ?? this.options.recipe.learningRate.initial,
  ): Promise<DivergenceError> {
    await this.checkpointer.settle();
    const { steps } = this.budget;
    const place = steps === undefined ? `step ${step}` : `step ${step} of ${steps}`;
    return new DivergenceError(`${what} ${place}`, learningRate, this.checkpointer.kept);
  }

  private skip({ name, reason }: SkippedImage): void {
    if (this.skipped.has(name)) return;
    this.skipped.add(name);
    this.options.reporter.warn(`skipped ${name}: ${reason}`);
  }

  /** Others wait while worker 0 validates; then all go on, or stop. */
  private async agree(): Promise<void> {
    const { team, signal } = this.options;
    const mine = { stop: signal?.aborted === true, seconds: this.clock.elapsedSeconds };
    this.agreed = await team?.agree(mine);
  }

  /** Whether this process is the one that measures and stores. */
  private get isFirst(): boolean {
    return (this.options.team?.rank ?? 0) === 0;
  }

  private get aborted(): boolean {
    return this.agreed?.stop ?? this.options.signal?.aborted === true;
  }

  /** The state with the time up to now; among workers up to the last step, which all know alike. */
  private atNow(): TrainingState {
    this.state.elapsedSeconds = this.agreed?.seconds ?? this.clock.elapsedSeconds;
    return this.state;
  }

  private result(interrupted: boolean): TrainResult {
    const { state, clock } = this;
    const { imagesPerEpoch, validationImages } = state.run;
    return {
      epochs: state.sums.images > 0 ? [...state.epochs, epochSummary(state)] : [...state.epochs],
      ...(state.best && { best: state.best }),
      imagesPerEpoch,
      validationImages,
      steps: state.step,
      imagesPerSecond: clock.imagesPerSecond,
      waitShare: clock.waitShare,
      skipped: this.skipped.size,
      interrupted,
    };
  }
}

function epochSummary({ sums }: TrainingState): EpochSummary {
  return { loss: sums.loss / sums.images, accuracy: (100 * sums.correct) / sums.images };
}
