import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf } from '../../foundation/errors.ts';
import { writeFileAtomic } from '../../foundation/files/atomic_file.ts';
import { sha256OfBytes } from '../../foundation/hashes/sha256.ts';
import { examineProcessor, type Processor } from '../../foundation/processes/processor.ts';
import type { Reporter } from '../../foundation/reporting/reporter.ts';
import { ONE_DNN_VARIABLE } from '../tensorflow_environment.ts';
import { measureOneDnn } from './measure_one_dnn.ts';
import type { StepShape } from './step_shape.ts';

/** Training steps of a network in images per second, by whether oneDNN computes them. */
const ratesSchema = z.strictObject({ on: z.number().positive(), off: z.number().positive() });

export type OneDnnRates = Readonly<z.infer<typeof ratesSchema>>;

/** Whether oneDNN computes, and why. */
export interface OneDnnChoice {
  readonly oneDnn: boolean;
  /**
   * user: the environment says so. vnni: the processor has AVX-512 VNNI, where libtensorflow takes it by
   * itself. trial: it was the faster of the two. default: no trial could be made.
   */
  readonly reason: 'user' | 'vnni' | 'trial' | 'default';
  readonly imagesPerSecond?: OneDnnRates;
}

export interface ChooseOptions {
  /** Trials are kept in `<cacheDir>/one-dnn.json`. */
  readonly cacheDir: string;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  /** For tests: what is asked of the machine. */
  readonly environment?: NodeJS.ProcessEnv;
  readonly processor?: Pick<Processor, 'model' | 'cores' | 'features'>;
  readonly measure?: (shape: StepShape, oneDnn: boolean, signal: AbortSignal) => Promise<number>;
}

/**
 * Chooses for a training, before libtensorflow is loaded, whether oneDNN computes. On processors
 * without AVX-512 VNNI it is the faster for large layers and the slower for small ones: each is tried
 * for some seconds in a process of its own, once for each machine and shape.
 * @throws the signal's reason when aborted; a trial that fails only leaves the default, on
 */
export async function chooseOneDnn(
  shape: StepShape,
  options: ChooseOptions,
): Promise<OneDnnChoice> {
  const { environment = process.env, reporter, signal, measure = measureOneDnn } = options;
  const own = environment[ONE_DNN_VARIABLE];
  if (own !== undefined) return { oneDnn: own !== '0', reason: 'user' };
  const processor = options.processor ?? (await examineProcessor());
  if (processor.features?.includes('AVX-512 VNNI')) return { oneDnn: true, reason: 'vnni' };
  const path = join(options.cacheDir, 'one-dnn.json');
  const key = keyOf(shape, processor);
  const known = (await readTrials(path))[key];
  if (known !== undefined) return byTrial(known);
  reporter.info('Trying for this network whether libtensorflow trains faster with oneDNN…');
  try {
    const on = await measure(shape, true, signal);
    const off = await measure(shape, false, signal);
    const rates: OneDnnRates = { on, off };
    await writeFileAtomic(
      path,
      `${JSON.stringify({ ...(await readTrials(path)), [key]: rates }, null, 2)}\n`,
    );
    return byTrial(rates);
  } catch (error) {
    signal.throwIfAborted();
    reporter.warn(`oneDNN is on: no trial could be made (${messageOf(error)})`);
    return { oneDnn: true, reason: 'default' };
  }
}

function byTrial(rates: OneDnnRates): OneDnnChoice {
  return { oneDnn: rates.on >= rates.off, reason: 'trial', imagesPerSecond: rates };
}

function keyOf(shape: StepShape, { model, cores }: Pick<Processor, 'model' | 'cores'>): string {
  return sha256OfBytes(JSON.stringify([model, cores, process.arch, shape])).slice(0, 16);
}

const trialsSchema = z.record(z.string(), ratesSchema);

async function readTrials(path: string): Promise<Readonly<Record<string, OneDnnRates>>> {
  try {
    return trialsSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return {}; // A missing or damaged file only costs the trials.
  }
}
