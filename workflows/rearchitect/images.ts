import type { ImageBatch, LabelledDataset, SkippedImage } from '../../datasets/dataset.ts';

/** Pixels of a batch: 5 images of 224 × 224, whose widest activations take 130 MB with their doubles. */
const BATCH_PIXELS = 5 * 224 ** 2;
/** More makes nothing faster. */
const LARGEST_BATCH = 64;
/** Batches there should be at least, so that one is held out. */
const FEWEST_BATCHES = 5;

/** The images that a network is fitted on: the first of the training images in the seed's order. */
export interface FittingImages {
  readonly dataset: LabelledDataset;
  /** Broken ones included; no more than there are. */
  readonly images: number;
  readonly seed: number;
}

/** The same batches at each call. */
export function fittingBatches(
  { dataset, images, seed }: FittingImages,
  options: {
    readonly resolution: number;
    readonly signal: AbortSignal;
    readonly onSkip?: (image: SkippedImage) => void;
  },
): AsyncIterable<ImageBatch> {
  return dataset.batches({
    ...options,
    split: 'train',
    batchSize: batchSizeOf(images, options.resolution),
    limit: images,
    seed,
  });
}

function batchSizeOf(images: number, resolution: number): number {
  const fitting = Math.floor(BATCH_PIXELS / resolution ** 2);
  return Math.max(1, Math.min(fitting, LARGEST_BATCH, Math.floor(images / FEWEST_BATCHES)));
}
