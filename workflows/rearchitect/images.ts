import type { InputBatch } from '../../architectures/rearchitect/image_states.ts';
import type { Dataset, SkippedImage } from '../../datasets/dataset.ts';
import type { InputFacts } from '../open/model_facts.ts';
import { asInput, inputShape, preparationOf } from '../open/model_input.ts';

/** Pixels of a batch: 5 images of 224 × 224, whose widest activations take 130 MB with their doubles. */
const BATCH_PIXELS = 5 * 224 ** 2;
/** More makes nothing faster. */
const LARGEST_BATCH = 64;
/** Batches there should be at least, so that one is held out. */
const FEWEST_BATCHES = 5;

/** The images that a network is fitted on: the first of the training images in the seed's order. */
export interface FittingImages {
  readonly dataset: Dataset;
  /** Broken ones included; no more than there are. */
  readonly images: number;
  readonly seed: number;
}

/** The same batches at each call, as the network takes images. */
export async function* fittingBatches(
  { dataset, images, seed }: FittingImages,
  options: {
    readonly input: InputFacts;
    readonly signal: AbortSignal;
    readonly onSkip?: (image: SkippedImage) => void;
  },
): AsyncGenerator<InputBatch> {
  const { input, signal, onSkip } = options;
  const preparation = preparationOf(input);
  const batches = dataset.batches({
    ...preparation,
    signal,
    onSkip,
    split: 'train',
    batchSize: batchSizeOf(images, Math.sqrt(preparation.resolution * preparation.width)),
    limit: images,
    seed,
  });
  for await (const batch of batches) {
    yield { images: asInput(batch.images, input), shape: inputShape(batch.shape, input) };
  }
}

function batchSizeOf(images: number, resolution: number): number {
  const fitting = Math.floor(BATCH_PIXELS / resolution ** 2);
  return Math.max(1, Math.min(fitting, LARGEST_BATCH, Math.floor(images / FEWEST_BATCHES)));
}
