import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Piscina } from 'piscina';
import type { TierName } from '../kernels/kernels.ts';
import { encodeTf8 } from '../model/tf8_file.ts';
import type { Tf8Model } from '../model/tf8_model.ts';
import { QuantizationError } from '../params/errors.ts';
import type { WorkerSetup, WorkerTask } from './worker_protocol.ts';

export interface ExecutorPoolOptions {
  readonly tier: TierName;
  /** Number of worker threads, each with its own executor. */
  readonly threads: number;
}

/** Runs a TF8 model on several images at a time, one batch a worker thread. */
export class ExecutorPool {
  readonly threads: number;
  private readonly pool: Piscina<WorkerTask, Float32Array>;
  private closed = false;

  private constructor(pool: Piscina<WorkerTask, Float32Array>, threads: number) {
    this.pool = pool;
    this.threads = threads;
  }

  static async start(model: Tf8Model, options: ExecutorPoolOptions): Promise<ExecutorPool> {
    const { tier, threads } = options;
    const encoded = await encodeTf8(model);
    const file = new SharedArrayBuffer(encoded.length);
    new Uint8Array(file).set(encoded);
    const setup: WorkerSetup = { file, tier };
    const extension = import.meta.url.slice(-3);
    const pool = new Piscina<WorkerTask, Float32Array>({
      filename: new URL(`./worker${extension}`, import.meta.url).href,
      // The sources run through tsx, whose hooks a worker thread does not inherit.
      execArgv: extension === '.ts' ? ['--import', tsxUrl()] : [],
      name: 'run',
      workerData: setup,
      minThreads: threads,
      maxThreads: threads,
    });
    return new ExecutorPool(pool, threads);
  }

  /**
   * @param images [N, H, W, C] float32 in the range of the model's input
   * @returns the logits [N, classes] as real numbers
   * @throws QuantizationError when the pool is closed; what the executor throws
   */
  async predict(images: Float32Array): Promise<Float32Array> {
    // A closed Piscina would start its threads again.
    if (this.closed) throw new QuantizationError('Expected an open pool but it was closed');
    return this.pool.run({ images });
  }

  /** Ends the threads; tasks that are not done are rejected. */
  async close(): Promise<void> {
    this.closed = true;
    await this.pool.destroy();
  }
}

/** Where tsx lies: seen from here, not from the working directory. */
function tsxUrl(): string {
  return pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
}
