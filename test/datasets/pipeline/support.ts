import type { BatchOptions } from '../../../datasets/dataset.ts';
import type { LabelledImageSet } from '../../../datasets/images/image_set.ts';
import type { ChunkTask, PreparedChunk } from '../../../datasets/pipeline/chunk.ts';
import { storeOf } from '../../../datasets/pipeline/pixel_store.ts';

export const SIDE = 4;

/** Images of 4 × 4 pixels; every byte of image i is i. */
export function pixelSet(count: number): LabelledImageSet {
  const pixels = Uint8Array.from({ length: count * SIDE * SIDE * 3 }, (_, i) =>
    Math.trunc(i / (SIDE * SIDE * 3)),
  );
  const store = storeOf(pixels, { height: SIDE, width: SIDE, channels: 3 });
  return {
    count,
    loadMs: 0,
    label: (index) => index % 10,
    name: (index) => `image ${index}`,
    source: (indices) => ({ kind: 'pixels', store, indices }),
  };
}

/** A chunk of the images of `set` from the first on. */
export function chunkOf(
  set: LabelledImageSet,
  count: number,
  changed: Partial<ChunkTask> = {},
): ChunkTask {
  return {
    source: set.source(Uint32Array.from({ length: count }, (_, index) => index)),
    count,
    place: 0,
    resolution: SIDE,
    width: SIDE,
    resample: 'bilinear',
    centralFraction: 1,
    augmentation: { kind: 'none' },
    augmentationSeed: 0,
    stopped: new Int32Array(new SharedArrayBuffer(4)),
    ...changed,
  };
}

export const OPTIONS: BatchOptions = { split: 'train', batchSize: 4, resolution: SIDE };

export async function all<Batch>(batches: AsyncIterable<Batch>): Promise<Batch[]> {
  const found: Batch[] = [];
  for await (const batch of batches) found.push(batch);
  return found;
}

/** What is the same whoever prepares a chunk: all but the time it took. */
export function contentOf({ images, broken, spent }: PreparedChunk) {
  return { images, broken, prepared: spent.images };
}
