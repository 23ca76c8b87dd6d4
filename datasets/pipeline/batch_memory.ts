/**
 * Memory for the images of batches, lent out and used again. Making it anew for each batch costs more
 * than filling it: pages are mapped, zeroed and given back each time.
 */
export class BatchMemory {
  private readonly length: number;
  private readonly free: Float32Array[] = [];
  /** Of the batch that was handed out last, where it lies in memory of ours. */
  private last: Float32Array | undefined;

  /** @param length numbers of a batch */
  constructor(length: number) {
    this.length = length;
  }

  /** Memory that threads share, with whatever it held last. */
  take(): Float32Array {
    const bytes = this.length * Float32Array.BYTES_PER_ELEMENT;
    return this.free.pop() ?? new Float32Array(new SharedArrayBuffer(bytes));
  }

  /** Nobody reads this memory any more. */
  giveBack(images: Float32Array): void {
    this.free.push(images);
  }

  /**
   * The batch after the one in `images` was asked for: the one before that is done with.
   * @param images undefined where the batch lies elsewhere
   */
  handedOut(images: Float32Array | undefined): void {
    if (this.last !== undefined) this.giveBack(this.last);
    this.last = images;
  }
}
