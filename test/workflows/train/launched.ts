import { join } from 'node:path';
import { createContext } from '../../../foundation/reporting/context.ts';
import { launchWorkers } from '../../../workflows/train/launch_workers.ts';
import type { TrainJobResult } from '../../../workflows/train/train.ts';
import type { TrainModelOptions } from '../../../workflows/train/train_model_options.ts';
import { picture, writeImage } from '../../scripts/support.ts';
import { recordingReporter } from '../../support/recording_reporter.ts';

/** Writes pictures of two classes, a folder each. */
export async function writePictures(data: string, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    await writeImage(data, index % 2, `${index}.png`, await picture(index));
  }
}

/** A training of the smallest network, of `epochs` epochs of 6 steps on 48 pictures. */
export function trainingOf(data: string, out: string, epochs: number): TrainModelOptions {
  return {
    network: 'mobilenet_v1',
    variant: 'standard',
    widthMultiplier: 0.02,
    data,
    recipe: 'scratch-small',
    resolution: 32,
    batchSize: 8,
    epochs,
    validationImages: 0,
    seed: 3,
    out,
    resume: false,
    checkpointSteps: 4,
    workerTimeout: 300,
  };
}

/** What happens to workers while they train. */
export interface Disturbance {
  /** Images that worker 0 trains on before it, in start n from 0; undefined for a start that is spared. */
  readonly afterImages: (start: number) => number | undefined;
  readonly disturb: (pids: readonly number[], abort: AbortController) => void;
}

/** Once, in the first start. */
export function once(afterImages: number, disturb: Disturbance['disturb']): Disturbance {
  return { disturb, afterImages: (start) => (start === 0 ? afterImages : undefined) };
}

export interface Launched {
  readonly result: TrainJobResult;
  readonly messages: readonly string[];
  readonly starts: number;
}

/** How a training is launched: by two processes, to which nothing happens, unless given. */
export interface Launching {
  readonly workers?: number;
  readonly disturbance?: Disturbance;
  readonly restarts?: number;
}

export async function launch(
  options: TrainModelOptions,
  { workers = 2, disturbance, restarts }: Launching = {},
): Promise<Launched> {
  const recorder = recordingReporter();
  const abort = new AbortController();
  const starts: (readonly number[])[] = [];
  let left: number | undefined;
  const reporter = {
    ...recorder,
    start(label: string, total: number, unit: string, alreadyDone = 0) {
      const progress = recorder.start(label, total, unit);
      return {
        ...progress,
        update(done: number) {
          progress.update(done);
          if (left === undefined || done - alreadyDone < left) return;
          left = undefined;
          disturbance!.disturb(starts.at(-1)!, abort);
        },
      };
    },
  };
  const onStart = (pids: readonly number[]) => {
    left = disturbance?.afterImages(starts.length);
    starts.push(pids);
  };
  const context = createContext({
    reporter,
    signal: abort.signal,
    cacheDir: join(options.out, '..', 'cache'),
  });
  const result = await launchWorkers(options, { workers, restarts, onStart }, context);
  return { result, messages: recorder.messages, starts: starts.length };
}
