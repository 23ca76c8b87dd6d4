import type { BatchOptions, ImageBatch } from './dataset.ts';
import { checkInteger } from './order.ts';

/** Collects images into batches of `batchSize`; each batch has arrays of its own. */
export class BatchBuilder {
  readonly #batchSize: number;
  readonly #resolution: number;
  #remaining: number;
  #images: Float32Array;
  #labels: number[] = [];
  #names: string[] = [];

  /**
   * @param count most images that will come; no array is longer than they need
   * @throws UserError unless batchSize and resolution are positive integers
   */
  constructor(options: Pick<BatchOptions, 'batchSize' | 'resolution'>, count: number) {
    checkInteger('batchSize', options.batchSize, 1);
    checkInteger('resolution', options.resolution, 1);
    this.#batchSize = options.batchSize;
    this.#resolution = options.resolution;
    this.#remaining = count;
    this.#images = this.#allocate();
  }

  /** Adds an image that `write` puts at `out[offset …]`: [resolution, resolution, 3] in [−1, 1]. */
  add(label: number, name: string, write: (out: Float32Array, offset: number) => void): void {
    write(this.#images, this.#labels.length * this.#imageLength);
    this.#labels.push(label);
    this.#names.push(name);
  }

  get isFull(): boolean {
    return this.#labels.length === this.#batchSize;
  }

  get isEmpty(): boolean {
    return this.#labels.length === 0;
  }

  /** Hands out what was collected and starts the next batch. */
  finish(): ImageBatch {
    const count = this.#labels.length;
    const length = count * this.#imageLength;
    const batch: ImageBatch = {
      images: this.#images.length === length ? this.#images : this.#images.slice(0, length),
      shape: [count, this.#resolution, this.#resolution, 3],
      labels: Int32Array.from(this.#labels),
      names: this.#names,
    };
    this.#remaining -= count;
    this.#images = this.#allocate();
    this.#labels = [];
    this.#names = [];
    return batch;
  }

  get #imageLength(): number {
    return this.#resolution * this.#resolution * 3;
  }

  #allocate(): Float32Array {
    return new Float32Array(Math.min(this.#batchSize, this.#remaining) * this.#imageLength);
  }
}
