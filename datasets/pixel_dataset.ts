import { createHash } from 'node:crypto';
import type { LabelledDataset, StoredSplit } from './dataset.ts';
import { imageSetDataset } from './image_set_dataset.ts';
import type { LabelledImageSet } from './images/image_set.ts';
import { type PixelStore, storeOf } from './pipeline/pixel_store.ts';

/** Small images of one size, all in memory. */
export interface LabelledPixels {
  /** [N, height, width, channels] uint8 */
  readonly pixels: Uint8Array;
  /** [N] index of the class */
  readonly labels: Uint8Array;
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
}

/**
 * A data set over pixels in memory; images are resized whole and named
 * "<split>/<index>". The pixels are copied into memory that worker threads share.
 */
export function pixelDataset(source: {
  readonly name: string;
  readonly classNames: readonly string[];
  readonly origin: string;
  readonly splits: Readonly<Record<StoredSplit, LabelledPixels>>;
}): LabelledDataset {
  const { name, classNames, origin, splits } = source;
  return imageSetDataset(
    { name, classNames, origin, splitsAreEqual: false, fingerprint: fingerprintOf(splits) },
    { train: new PixelSet('train', splits.train), test: new PixelSet('test', splits.test) },
    1,
  );
}

class PixelSet implements LabelledImageSet {
  readonly count: number;
  readonly loadMs = 0;
  private readonly split: StoredSplit;
  private readonly labels: Uint8Array;
  private readonly store: PixelStore;

  constructor(split: StoredSplit, images: LabelledPixels) {
    this.count = images.labels.length;
    this.split = split;
    this.labels = images.labels;
    this.store = storeOf(images.pixels, images);
  }

  label(index: number): number {
    return this.labels[index];
  }

  name(index: number): string {
    return `${this.split}/${index}`;
  }

  source(indices: Uint32Array) {
    return { kind: 'pixels', store: this.store, indices } as const;
  }
}

/** SHA-256 over the pixels and labels of both splits: the same by whichever route they came. */
function fingerprintOf(splits: Readonly<Record<StoredSplit, LabelledPixels>>): string {
  const hash = createHash('sha256');
  for (const split of ['train', 'test'] as const) {
    hash.update(splits[split].pixels).update(splits[split].labels);
  }
  return hash.digest('hex');
}
