/** Images in the network's input form, with what is needed to score and to name them. */
export interface ImageBatch {
  /** [N, H, W, 3] float32 in [−1, 1] */
  readonly images: Float32Array;
  readonly shape: readonly [number, number, number, number];
  /** [N] index of the class in `Dataset.classNames` */
  readonly labels: Int32Array;
  /** [N] file path relative to the data set's folder, or "<split>/<index>" */
  readonly names: readonly string[];
}

export type Split = 'train' | 'test';

/** An image that could not be used, and why: named and counted, never silently left out. */
export interface SkippedImage {
  readonly name: string;
  readonly reason: string;
}

export interface BatchOptions {
  readonly split: Split;
  readonly batchSize: number;
  /** Height and width of the images handed out. */
  readonly resolution: number;
  /** Uses the first `limit` images of the (shuffled) order, broken ones counted. */
  readonly limit?: number;
  /** Leaves out the first `skip` images of the (shuffled) order; 0 unless given. */
  readonly skip?: number;
  /** Shuffles by this seed; without it the order is the data set's own. The order depends on the seed alone. */
  readonly seed?: number;
  /** Called for each image that could not be read. */
  readonly onSkip?: (image: SkippedImage) => void;
}

/** A labelled set of images; every reader of this folder returns one. */
export interface Dataset {
  /** "imagenet", "fashion-mnist", "cifar10" */
  readonly name: string;
  readonly classNames: readonly string[];
  /** Both splits are the same images: a folder that is not divided. */
  readonly splitsAreEqual: boolean;
  /** Number of images of a split, broken ones included. */
  count(split: Split): number;
  /** Each iteration starts anew and gives the same batches for the same options. The last batch may be smaller. */
  batches(options: BatchOptions): AsyncIterable<ImageBatch>;
  /** SHA-256 that identifies the images: of pixels and labels, or of the sorted list of files with their sizes. */
  readonly fingerprint: string;
  /** Where the data came from, for the record of a run. */
  readonly origin: string;
}
