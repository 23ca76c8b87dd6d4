import { createHash } from 'node:crypto';
import type { Dataset, LabelledDataset } from './dataset.ts';
import { type BySplit, imageSetDataset, unlabelledDataset } from './image_set_dataset.ts';
import type { ImageFile, LabelledFile } from './images/image_files.ts';
import { type ImageSet, type LabelledImageSet, PHOTOGRAPH_MS } from './images/image_set.ts';
import { SLIM_CENTRAL_FRACTION } from './images/preprocess.ts';
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
  /** The class names are the images' own, and part of the fingerprint. */
  readonly classesAreOwn?: boolean;
  readonly origin: string;
  readonly files: BySplit<readonly LabelledFile[]>;
  /** See imageSetDataset. */
  readonly centralFraction: number;
  /**
   * For a set of small images of one size: others are skipped, and decoded ones are kept in memory
   * that worker threads share.
   */
  readonly onlySize?: Size;
}): LabelledDataset {
  const { name, classNames, classesAreOwn, origin, files, centralFraction, onlySize } = source;
  const train = new LabelledFileSet(files.train, onlySize);
  const splitsAreEqual = files.train === files.test;
  const fingerprint = fingerprintOf(files, classesAreOwn ? classNames : []);
  return imageSetDataset(
    { name, classNames, origin, splitsAreEqual, fingerprint },
    {
      train,
      test: splitsAreEqual ? train : new LabelledFileSet(files.test, onlySize),
      ...(files.validation && { validation: new LabelledFileSet(files.validation, onlySize) }),
    },
    centralFraction,
  );
}

/** The same of files of which nobody says what they show. They are preprocessed as photographs. */
export function unlabelledFileDataset(source: {
  readonly name: string;
  readonly origin: string;
  readonly files: readonly ImageFile[];
}): Dataset {
  const { name, origin, files } = source;
  return unlabelledDataset(
    { name, origin, fingerprint: fingerprintOf({ train: files, test: files }, []) },
    new FileSet(files, undefined),
    SLIM_CENTRAL_FRACTION,
  );
}

class FileSet<File extends ImageFile> implements ImageSet {
  readonly count: number;
  readonly loadMs: number;
  protected readonly files: readonly File[];
  private readonly onlySize: Size | undefined;
  private kept: PixelStore | undefined;

  constructor(files: readonly File[], onlySize: Size | undefined) {
    this.count = files.length;
    this.loadMs = onlySize === undefined ? PHOTOGRAPH_MS : SMALL_IMAGE_MS;
    this.files = files;
    this.onlySize = onlySize;
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

class LabelledFileSet extends FileSet<LabelledFile> implements LabelledImageSet {
  label(index: number): number {
    return this.files[index].label;
  }
}

/**
 * SHA-256 over the classes' names, and split, class, file name and size of each file, and over its
 * content where that is in memory; where the folder lies has no part in it.
 */
function fingerprintOf(
  files: BySplit<readonly (ImageFile & Partial<LabelledFile>)[]>,
  classNames: readonly string[],
): string {
  const hash = createHash('sha256');
  for (const name of classNames) hash.update(`${name}\0`);
  for (const split of ['train', 'test', 'validation'] as const) {
    for (const { name, label = '', bytes, content } of files[split] ?? []) {
      const file = name.slice(name.lastIndexOf('/') + 1);
      hash.update(`${split}\0${label}\0${file}\0${bytes}\n`);
      if (content !== undefined) hash.update(content);
    }
  }
  return hash.digest('hex');
}
