import { Piscina } from 'piscina';
import type { TierName } from '../kernels/kernels.ts';
import { encodeTf8 } from '../model/tf8_file.ts';
import type { Tf8Model } from '../model/tf8_model.ts';
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
      execArgv: extension === '.ts' ? ['--import', import.meta.resolve('tsx')] : [],
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
   */
  async predict(images: Float32Array): Promise<Float32Array> {
    return this.pool.run({ images });
  }

  async close(): Promise<void> {
    await this.pool.destroy();
  }
}
