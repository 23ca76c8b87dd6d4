import { availableParallelism } from 'node:os';
import type { BatchOptions } from '../dataset.ts';
import type { ImageSet } from '../images/image_set.ts';
import { checkInteger } from '../order/order.ts';
import type { PrepareChunk } from './chunk.ts';
import { defaultWorkers, InputWorkers } from './input_workers.ts';
import { prepareChunk } from './prepare_chunk.ts';

/** Who prepares the chunks of an iteration. */
export interface Preparation {
  readonly prepare: PrepareChunk;
  /** Chunks, each of a batch's size, that may be under way or ready before the consumer asks. */
  readonly ahead: number;
}

/** Work on this thread from which worker threads, which take about half a second to start, pay. */
const WORTH_WORKERS_MS = 1000;

/** Measured for each pixel of the result: 10 to 30 ns. */
const PREPROCESS_MS_PER_PIXEL = 2e-5;

/** Images that libvips decodes at a time for this thread: enough for every core. */
const DECODED_AT_ONCE = 2 * availableParallelism();

/**
 * Worker threads where the options ask for them, or say nothing and there is enough to do; this thread
 * otherwise, which then decodes at least one batch ahead in libvips's threads.
 */
export function preparationFor(
  set: Pick<ImageSet, 'loadMs'>,
  count: number,
  { workers, resolution, batchSize }: Pick<BatchOptions, 'workers' | 'resolution' | 'batchSize'>,
): Preparation {
  if (workers !== undefined) checkInteger('workers', workers, 0);
  const workMs = count * (set.loadMs + resolution ** 2 * PREPROCESS_MS_PER_PIXEL);
  const threads = workers ?? (workMs >= WORTH_WORKERS_MS ? defaultWorkers() : 0);
  if (threads > 0) {
    const shared = InputWorkers.of(threads);
    // One at work for each thread, and one ready.
    return { prepare: (task) => shared.prepare(task), ahead: threads + 2 };
  }
  return {
    prepare: (task) => prepareChunk(task, DECODED_AT_ONCE),
    // What is in memory is not there sooner for being asked for sooner.
    ahead: set.loadMs > 0 ? Math.max(2, Math.ceil(DECODED_AT_ONCE / batchSize)) : 1,
  };
}
