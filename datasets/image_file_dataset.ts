import { createHash } from 'node:crypto';
import type { Dataset, StoredSplit } from './dataset.ts';
import { imageSetDataset } from './image_set_dataset.ts';
import type { ImageFile } from './images/image_files.ts';
import { type ImageSet, PHOTOGRAPH_MS } from './images/image_set.ts';
import type { ImageSource } from './pipeline/image_source.ts';
import { emptyStore, type PixelStore } from './pipeline/pixel_store.ts';

/** `loadMs` of a JPEG of 32 × 32 pixels: measured. */
const SMALL_IMAGE_MS = 0.3;

/** Height and width of small images. */
interface Size {
  readonly height: number;
  readonly width: number;
}

/**
 * A data set of files that are decoded as they are needed, ahead of the consumer. An image that cannot
 * be decoded, or is not of `onlySize`, goes to `onSkip` and the batch is filled with the next.
 */
export function imageFileDataset(source: {
  readonly name: string;
  readonly classNames: readonly string[];
  readonly origin: string;
  readonly files: Readonly<Record<StoredSplit, readonly ImageFile[]>>;
  /** See imageSetDataset. */
  readonly centralFraction: number;
  /**
   * For a set of small images of one size: others are skipped, and decoded ones are kept in memory
   * that worker threads share.
   */
  readonly onlySize?: Size;
}): Dataset {
  const { name, classNames, origin, files, centralFraction, onlySize } = source;
  const train = new FileSet(files.train, onlySize);
  const splitsAreEqual = files.train === files.test;
  return imageSetDataset(
    { name, classNames, origin, splitsAreEqual, fingerprint: fingerprintOf(files) },
    { train, test: splitsAreEqual ? train : new FileSet(files.test, onlySize) },
    centralFraction,
  );
}

class FileSet implements ImageSet {
  readonly count: number;
  readonly loadMs: number;
  private readonly files: readonly ImageFile[];
  private readonly onlySize: Size | undefined;
  private kept: PixelStore | undefined;

  constructor(files: readonly ImageFile[], onlySize: Size | undefined) {
    this.count = files.length;
    this.loadMs = onlySize === undefined ? PHOTOGRAPH_MS : SMALL_IMAGE_MS;
    this.files = files;
    this.onlySize = onlySize;
  }

  label(index: number): number {
    return this.files[index].label;
  }

  name(index: number): string {
    return this.files[index].name;
  }

  source(indices: Uint32Array): ImageSource {
    const files = Array.from(indices, (index) => {
      const { path, name, content } = this.files[index];
      return { path, name, ...(content && { content }) };
    });
    if (this.onlySize === undefined) return { kind: 'files', files };
    this.kept ??= emptyStore(this.count, { ...this.onlySize, channels: 3 });
    return { kind: 'files', files, kept: { store: this.kept, indices } };
  }
}

/**
 * SHA-256 over split, class, file name and size of each file, and over its content where that is in
 * memory; where the folder lies has no part in it.
 */
function fingerprintOf(files: Readonly<Record<StoredSplit, readonly ImageFile[]>>): string {
  const hash = createHash('sha256');
  for (const split of ['train', 'test'] as const) {
    for (const { name, label, bytes, content } of files[split]) {
      const file = name.slice(name.lastIndexOf('/') + 1);
      hash.update(`${split}\0${label}\0${file}\0${bytes}\n`);
      if (content !== undefined) hash.update(content);
    }
  }
  return hash.digest('hex');
}
