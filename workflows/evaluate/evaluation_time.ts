import type { PreparationTime } from '../../datasets/dataset.ts';

/** Where the time of an evaluation went. Images are decoded and resized while the network runs. */
export interface EvaluationTime {
  /** Wall clock, from asking for the first image to scoring the last. */
  readonly seconds: number;
  readonly imagesPerSecond: number;
  /** Mean of an image from its file to its pixels, on a decoder's thread or waiting for one. */
  readonly decodeMs: number;
  /** Mean of an image from its pixels to the network's input, on an input thread. */
  readonly resizeMs: number;
  /** Mean of an image through the network, on all its threads; the float network's compilation is in it. */
  readonly runMs: number;
  /** Parts of `seconds`: the network ran; there was no image to run. The rest is for scoring. */
  readonly runShare: number;
  readonly waitShare: number;
}

/** Takes the times of an evaluation's stages. */
export class EvaluationClock {
  private readonly begun = performance.now();
  private readonly prepared = { images: 0, decodeMs: 0, resizeMs: 0 };
  private runMs = 0;
  private waitMs = 0;

  /** For `BatchOptions.onPrepared`. */
  addPreparation({ images, decodeMs, resizeMs }: PreparationTime): void {
    this.prepared.images += images;
    this.prepared.decodeMs += decodeMs;
    this.prepared.resizeMs += resizeMs;
  }

  /** The same items; what the consumer waits for them is counted. */
  async *waitFor<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item, void, undefined> {
    let asked = performance.now();
    for await (const item of items) {
      this.waitMs += performance.now() - asked;
      yield item;
      asked = performance.now();
    }
  }

  /** The same function; what it takes is counted. */
  timed<Args extends readonly unknown[], Result>(
    run: (...args: Args) => Promise<Result> | Result,
  ): (...args: Args) => Promise<Result> {
    return async (...args) => {
      const begun = performance.now();
      const result = await run(...args);
      this.runMs += performance.now() - begun;
      return result;
    };
  }

  /** The times until now, of `images` that were scored. */
  read(images: number): EvaluationTime {
    const ms = performance.now() - this.begun;
    const { images: prepared, decodeMs, resizeMs } = this.prepared;
    return {
      seconds: ms / 1000,
      imagesPerSecond: (1000 * images) / ms,
      decodeMs: decodeMs / Math.max(prepared, 1),
      resizeMs: resizeMs / Math.max(prepared, 1),
      runMs: this.runMs / images,
      runShare: this.runMs / ms,
      waitShare: this.waitMs / ms,
    };
  }
}
