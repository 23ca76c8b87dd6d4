import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import { sourceHooks } from '../../foundation/processes/source_hooks.ts';
import type { ChunkTask, PreparedChunk } from './chunk.ts';
import { prepareChunk } from './prepare_chunk.ts';

/** More cannot be fed: libuv decodes images on four threads, whoever asks for them. */
const MOST_WORKERS = 8;

/** An idle thread ends after this time; until then the next epoch finds it warm. */
const IDLE_MS = 10_000;

/** Worker threads that leave a core to the consumer, who computes while they prepare. */
export function defaultWorkers(): number {
  return Math.max(1, Math.min(MOST_WORKERS, availableParallelism() - 1));
}

/**
 * Threads that prepare chunks, shared by all iterations that use as many. They start with the first
 * chunk, keep no process alive that waits for none, and end when they are idle.
 */
export class InputWorkers {
  private static readonly shared = new Map<number, InputWorkers>();

  private readonly threads: number;
  private readonly filename: string;
  private pool: Piscina<ChunkTask, PreparedChunk> | undefined;
  private failed = false;

  /** @param filename of the module that the threads run (another one for tests) */
  constructor(threads: number, filename = new URL(`./worker${EXTENSION}`, import.meta.url).href) {
    this.threads = threads;
    this.filename = filename;
  }

  /** The process's workers, as many as `threads`. */
  static of(threads: number): InputWorkers {
    const known = InputWorkers.shared.get(threads) ?? new InputWorkers(threads);
    InputWorkers.shared.set(threads, known);
    return known;
  }

  /**
   * Prepares a chunk on one of the threads; on the calling one where they do not start or have died,
   * which costs time and nothing else. So a failure of the data arrives as the error that it is.
   */
  async prepare(task: ChunkTask): Promise<PreparedChunk> {
    if (!this.failed) {
      const pool = this.started();
      try {
        return await pool.run(task);
      } catch {
        await this.giveUp(pool);
      }
    }
    return prepareChunk(task, 1);
  }

  private started(): Piscina<ChunkTask, PreparedChunk> {
    if (this.pool !== undefined) return this.pool;
    const pool = new Piscina<ChunkTask, PreparedChunk>({
      filename: this.filename,
      execArgv: sourceHooks(import.meta.url),
      name: 'run',
      minThreads: 0,
      maxThreads: this.threads,
      idleTimeout: IDLE_MS,
    });
    // A thread that fails while it starts rejects no task: ending the pool rejects those that wait for it.
    pool.on('error', () => this.giveUp(pool));
    this.pool = pool;
    return pool;
  }

  private async giveUp(pool: Piscina<ChunkTask, PreparedChunk>): Promise<void> {
    if (this.failed) return;
    this.failed = true;
    await pool.destroy();
  }
}

/** Of this module: the sources or the compiled ones. */
const EXTENSION = import.meta.url.slice(-3);
