import type { ImageBatch } from './dataset.ts';

/** Of each image of a batch. */
export type ImageSize = readonly [height: number, width: number, channels: number];

/** Collects images into batches of `batchSize`; each batch has arrays of its own. */
export class BatchBuilder {
  private readonly batchSize: number;
  private readonly size: ImageSize;
  private images: Float32Array | undefined;
  private labels: number[] | undefined;
  private names: string[] = [];

  constructor(batchSize: number, size: ImageSize) {
    this.batchSize = batchSize;
    this.size = size;
  }

  /**
   * Adds a copy of an image.
   * @param label of all images of a batch or of none
   * @param image [height, width, channels]
   */
  add(label: number | undefined, name: string, image: Float32Array): void {
    this.images ??= new Float32Array(this.batchSize * image.length);
    this.images.set(image, this.names.length * image.length);
    if (label !== undefined) {
      this.labels ??= [];
      this.labels.push(label);
    }
    this.names.push(name);
  }

  get isFull(): boolean {
    return this.names.length === this.batchSize;
  }

  get isEmpty(): boolean {
    return this.names.length === 0;
  }

  /** Hands out what was collected, which is not nothing, and starts the next batch. */
  finish(position: number): ImageBatch {
    const batch = batchOf(this.images!, this.size, this.labels, this.names, position);
    this.images = undefined;
    this.labels = undefined;
    this.names = [];
    return batch;
  }
}

/** A batch over the first images of `images`, which is not copied where it holds no more. */
export function batchOf(
  images: Float32Array,
  [height, width, channels]: ImageSize,
  labels: readonly number[] | undefined,
  names: readonly string[],
  position: number,
): ImageBatch {
  const length = names.length * height * width * channels;
  return {
    images: images.length === length ? images : images.slice(0, length),
    shape: [names.length, height, width, channels],
    labels: labels && Int32Array.from(labels),
    names,
    position,
  };
}
