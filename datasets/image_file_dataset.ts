import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { BatchBuilder } from './batch_builder.ts';
import type { BatchOptions, Dataset, ImageBatch, Split } from './dataset.ts';
import { decodeImage, ImageError } from './decode_image.ts';
import type { ImageFile } from './image_files.ts';
import { mapAhead } from './map_ahead.ts';
import { selectIndices } from './order.ts';
import type { PixelImage } from './pixel_image.ts';

/** Images decoded ahead of the consumer: enough for every core, few enough to bound memory. */
const DECODED_AHEAD = 2 * availableParallelism();

/**
 * A data set of files that are decoded as they are needed, a few ahead of the consumer. An image
 * that cannot be decoded, or is not of `onlySize`, goes to `onSkip` and the batch is filled with the next.
 */
export function imageFileDataset(source: {
  readonly name: string;
  readonly classNames: readonly string[];
  readonly origin: string;
  readonly files: Readonly<Record<Split, readonly ImageFile[]>>;
  /** Writes [resolution, resolution, 3] in [−1, 1]. */
  readonly preprocess: (image: PixelImage, resolution: number, out: Float32Array) => void;
  /** For a set of small images of one size: others are skipped, and decoded ones are kept in memory. */
  readonly onlySize?: { readonly height: number; readonly width: number };
}): Dataset {
  const { name, classNames, origin, files, preprocess } = source;
  const kept = new Map<string, PixelImage>();

  async function decoded(file: ImageFile): Promise<PixelImage> {
    const known = kept.get(file.path);
    if (known) return known;
    const image = await decodeImage(file.path, file.name);
    if (source.onlySize === undefined) return image;
    const { height, width } = source.onlySize;
    if (image.height !== height || image.width !== width) {
      throw new ImageError(
        file.name,
        `it has ${image.width} × ${image.height} pixels where ${width} × ${height} are needed`,
      );
    }
    kept.set(file.path, image);
    return image;
  }

  async function load(file: ImageFile, resolution: number): Promise<Float32Array | ImageError> {
    try {
      const image = await decoded(file);
      const out = new Float32Array(resolution * resolution * 3);
      preprocess(image, resolution, out);
      return out;
    } catch (error) {
      if (error instanceof ImageError) return error;
      throw error;
    }
  }

  async function* batches(options: BatchOptions): AsyncGenerator<ImageBatch, void, undefined> {
    const { split, resolution, onSkip } = options;
    const indices = selectIndices(files[split].length, options);
    const builder = new BatchBuilder(options, indices.length);
    const loaded = mapAhead(indices, DECODED_AHEAD, async (index) => {
      const file = files[split][index];
      return { file, image: await load(file, resolution) };
    });
    for await (const { file, image } of loaded) {
      if (image instanceof ImageError) {
        onSkip?.({ name: file.name, reason: image.reason });
        continue;
      }
      builder.add(file.label, file.name, (out, offset) => out.set(image, offset));
      if (builder.isFull) yield builder.finish();
    }
    if (!builder.isEmpty) yield builder.finish();
  }

  return {
    name,
    classNames,
    origin,
    splitsAreEqual: files.train === files.test,
    fingerprint: fingerprintOf(files),
    count: (split) => files[split].length,
    batches,
  };
}

/** SHA-256 over split, class, file name and size of each file; where the folder lies has no part in it. */
function fingerprintOf(files: Readonly<Record<Split, readonly ImageFile[]>>): string {
  const hash = createHash('sha256');
  for (const split of ['train', 'test'] as const) {
    for (const { name, label, bytes } of files[split]) {
      const file = name.slice(name.lastIndexOf('/') + 1);
      hash.update(`${split}\0${label}\0${file}\0${bytes}\n`);
    }
  }
  return hash.digest('hex');
}
