import { join } from 'node:path';
import { createContext } from '../../../foundation/reporting/context.ts';

import { launchWorkers } from '../../../workflows/train/launch_workers.ts';
import type { TrainJobResult } from '../../../workflows/train/train.ts';
import type { TrainModelOptions } from '../../../workflows/train/train_model.ts';
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
    workerTimeout: 60,
  };
}

export interface Disturbance {
  /** Is called once, when worker 0 has trained on `afterImages` images of its first start. */
  readonly disturb?: (pids: readonly number[], abort: AbortController) => void;
  readonly afterImages?: number;
  /** Is called at each start. */
  readonly onStart?: (pids: readonly number[]) => Promise<void>;
}

export interface Launched {
  readonly result: TrainJobResult;
  readonly messages: readonly string[];
  readonly starts: number;
}

/** Trains by two processes, which something may happen to. */
export async function launch(
  options: TrainModelOptions,
  disturbance: Disturbance = {},
  restarts?: number,
): Promise<Launched> {
  const recorder = recordingReporter();
  const abort = new AbortController();
  const starts: (readonly number[])[] = [];
  let disturbed = false;
  const reporter = {
    ...recorder,
    start: (...work: Parameters<typeof recorder.start>) => {
      const progress = recorder.start(...work);
      return {
        ...progress,
        update(done: number) {
          progress.update(done);
          const { disturb, afterImages = 0 } = disturbance;
          if (disturb === undefined || disturbed || done < afterImages) return;
          disturbed = true;
          disturb(starts[0], abort);
        },
      };
    },
  };
  const onStart = (pids: readonly number[]) => {
    starts.push(pids);
    void disturbance.onStart?.(pids);
  };
  const context = createContext({
    reporter,
    signal: abort.signal,
    cacheDir: join(options.out, '..', 'cache'),
  });
  const result = await launchWorkers(options, { workers: 2, restarts, onStart }, context);
  return { result, messages: recorder.messages, starts: starts.length };
}
