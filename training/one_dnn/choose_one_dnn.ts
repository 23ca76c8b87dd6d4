import { messageOf } from '../../foundation/errors.ts';
import { examineProcessor, type Processor } from '../../foundation/processes/processor.ts';
import type { Reporter } from '../../foundation/reporting/reporter.ts';
import { isBackendSelected } from '../backend.ts';
import { usersOneDnn } from '../tensorflow_environment.ts';
import { measureOneDnn } from './measure_one_dnn.ts';
import {
  applyOneDnn,
  type OneDnnChoice,
  type OneDnnRates,
  oneDnnInWords,
  withoutTrial,
} from './one_dnn_choice.ts';
import type { StepShape } from './step_shape.ts';
import { trainingSeconds } from './training_time.ts';
import { keepTrial, readTrials, shapeInWords, trialKey } from './trials.ts';

/** A training that is going to be. */
export interface TrainingJob {
  readonly shape: StepShape;
  /** Images of all its steps, or how long it lasts. */
  readonly length: { readonly images: number } | { readonly seconds: number };
}

export interface ChooseOptions {
  /** Trials are kept in `<cacheDir>/one-dnn.json`. */
  readonly cacheDir: string;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  /** For tests: what the user has set, … */
  readonly own?: () => boolean | undefined;
  /** … and what is asked of the machine. */
  readonly processor?: Pick<Processor, 'model' | 'cores' | 'features'>;
  readonly measure?: (shape: StepShape, oneDnn: boolean, signal: AbortSignal) => Promise<number>;
}

/** Both processes start, build and compile the network, and train for two seconds. */
const TRIAL_SECONDS = 14;
/** Of both processes, where two seconds are too few for them. */
const TRIAL_STEPS = 10;
/** A trial takes a tenth of the training at most. */
const LEAST_TRIALS = 10;

/**
 * Chooses for a training, before libtensorflow is loaded, whether oneDNN computes. On processors
 * without AVX-512 VNNI it is the faster for large layers and the slower for small ones: each is tried
 * for some seconds in a process of its own, once for each machine and shape. For a training so short
 * that a trial would be a good part of it, oneDNN is on.
 * @throws the signal's reason when aborted; a trial that fails only leaves oneDNN on
 */
export async function chooseOneDnn(
  { shape, length }: TrainingJob,
  options: ChooseOptions,
): Promise<OneDnnChoice> {
  const { cacheDir, reporter, signal, own = usersOneDnn, measure = measureOneDnn } = options;
  const processor = options.processor ?? (await examineProcessor());
  const untried = await withoutTrial(own(), processor);
  if (untried.reason !== 'noVnni') return untried;
  const key = trialKey(shape, processor);
  const known = (await readTrials(cacheDir))[key];
  if (known !== undefined) return byTrial(known);
  if (isShort(shape, length)) return untried;
  reporter.info('Trying for this network whether libtensorflow trains faster with oneDNN…');
  try {
    const on = rounded(await measure(shape, true, signal));
    const off = rounded(await measure(shape, false, signal));
    await keepTrial(cacheDir, key, { on, off, network: shapeInWords(shape) });
    return byTrial({ on, off });
  } catch (error) {
    signal.throwIfAborted();
    reporter.warn(`oneDNN is on: no trial could be made (${messageOf(error)})`);
    return untried;
  }
}

/**
 * Chooses for a training and lets the choice hold in this process; where libtensorflow is loaded
 * already, what it was loaded with stays.
 * @throws as `chooseOneDnn`
 */
export async function useOneDnnFor(job: TrainingJob, options: ChooseOptions): Promise<void> {
  if (isBackendSelected()) return;
  const choice = await chooseOneDnn(job, options);
  applyOneDnn(choice);
  if (choice.reason === 'trial') options.reporter.info(`oneDNN is ${oneDnnInWords(choice)}.`);
}

function byTrial({ on, off }: OneDnnRates): OneDnnChoice {
  return { on: on >= off, reason: 'trial', imagesPerSecond: { on, off } };
}

/** Whether a trial would be more than a tenth of the training. */
function isShort(shape: StepShape, length: TrainingJob['length']): boolean {
  const seconds = 'seconds' in length ? length.seconds : trainingSeconds(shape, length.images);
  const trial = TRIAL_SECONDS + trainingSeconds(shape, TRIAL_STEPS * shape.batchSize);
  return seconds < LEAST_TRIALS * trial;
}

function rounded(rate: number): number {
  return Number(rate.toPrecision(4));
}
