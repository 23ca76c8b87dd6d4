import type {
  BatchOptions,
  LabelledBatch,
  LabelledDataset,
  SkippedImage,
} from '../../datasets/dataset.ts';
import { selectIndices } from '../../datasets/order/order.ts';

export interface MemoryDatasetOptions {
  readonly classes: number;
  readonly images: number;
  readonly name?: string;
  /** Indices of images that cannot be read. */
  readonly broken?: readonly number[];
  readonly splitsAreEqual?: boolean;
}

/**
 * A learnable data set: image i is of class i mod `classes`, its brightness is the class, and a
 * pattern of its own lies over it. `train` and `test` hold the same images.
 */
export function memoryDataset(options: MemoryDatasetOptions): LabelledDataset {
  const { classes, images, name = 'synthetic', broken = [], splitsAreEqual = false } = options;
  return {
    name,
    classNames: Array.from({ length: classes }, (_, label) => `class ${label}`),
    splitsAreEqual,
    count: (split) => (split === 'validation' ? 0 : images),
    label: (_, index) => index % classes,
    fingerprint: '0'.repeat(64),
    origin: 'made up for a test',
    async *batches(batchOptions) {
      const { batchSize, onSkip, skip = 0 } = batchOptions;
      let readable: number[] = [];
      let position = skip;
      for (const index of selectIndices(this.count(batchOptions.split), batchOptions)) {
        position++;
        if (broken.includes(index)) onSkip?.(skipped(batchOptions, index));
        else readable.push(index);
        if (readable.length < batchSize) continue;
        yield batchOf(readable, position, classes, batchOptions);
        readable = [];
      }
      if (readable.length > 0) yield batchOf(readable, position, classes, batchOptions);
    },
  };
}

function skipped({ split }: BatchOptions, index: number): SkippedImage {
  return { name: `${split}/${index}`, reason: 'broken for a test' };
}

function batchOf(
  indices: readonly number[],
  position: number,
  classes: number,
  { resolution, split }: BatchOptions,
): LabelledBatch {
  const size = resolution * resolution * 3;
  const images = new Float32Array(indices.length * size);
  indices.forEach((index, n) => {
    const brightness = (2 * (index % classes)) / (classes - 1) - 1;
    for (let i = 0; i < size; i++) {
      images[n * size + i] = 0.8 * brightness + 0.2 * Math.sin(i * (1 + index / 7));
    }
  });
  return {
    images,
    shape: [indices.length, resolution, resolution, 3],
    labels: Int32Array.from(indices, (index) => index % classes),
    names: indices.map((index) => `${split}/${index}`),
    position,
  };
}
