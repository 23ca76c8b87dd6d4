import { createHash } from 'node:crypto';
import { BatchBuilder } from './batch_builder.ts';
import type { BatchOptions, Dataset, ImageBatch, Split } from './dataset.ts';
import { selectIndices } from './order.ts';
import { preprocessWhole } from './preprocess.ts';

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

/** A data set over pixels in memory; images are resized whole (see preprocessWhole) and named "<split>/<index>". */
export function pixelDataset(source: {
  readonly name: string;
  readonly classNames: readonly string[];
  readonly origin: string;
  readonly splits: Readonly<Record<Split, LabelledPixels>>;
}): Dataset {
  const { name, classNames, origin, splits } = source;

  async function* batches(options: BatchOptions): AsyncGenerator<ImageBatch, void, undefined> {
    const { split, resolution } = options;
    const { pixels, labels, height, width, channels } = splits[split];
    const indices = selectIndices(labels.length, options);
    const builder = new BatchBuilder(options, indices.length);
    const length = height * width * channels;
    for (const index of indices) {
      const data = pixels.subarray(index * length, (index + 1) * length);
      builder.add(labels[index], `${split}/${index}`, (out, offset) => {
        preprocessWhole({ data, height, width, channels }, resolution, out, offset);
      });
      if (builder.isFull) yield builder.finish();
    }
    if (!builder.isEmpty) yield builder.finish();
  }

  return {
    name,
    classNames,
    origin,
    splitsAreEqual: false,
    fingerprint: fingerprintOf(splits),
    count: (split) => splits[split].labels.length,
    batches,
  };
}

/** SHA-256 over the pixels and labels of both splits: the same by whichever route they came. */
function fingerprintOf(splits: Readonly<Record<Split, LabelledPixels>>): string {
  const hash = createHash('sha256');
  for (const split of ['train', 'test'] as const) {
    hash.update(splits[split].pixels).update(splits[split].labels);
  }
  return hash.digest('hex');
}
