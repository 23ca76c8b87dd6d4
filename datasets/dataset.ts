import type { Augmentation } from './augment/augment.ts';
import type { CacheOptions, CacheTrouble } from './pipeline/image_cache.ts';

/** Images in the network's input form, with what is needed to score and to name them. */
export interface ImageBatch {
  /** [N, H, W, 3] float32 in [−1, 1]; [N, H, W, 4] where alpha was asked for */
  readonly images: Float32Array;
  readonly shape: readonly [number, number, number, number];
  /** [N] index of the class in `Dataset.classNames`; undefined where the data set has no classes */
  readonly labels: Int32Array | undefined;
  /** [N] file path relative to the data set's folder, or "<split>/<index>" */
  readonly names: readonly string[];
  /**
   * Images of the (shuffled) order that are used up with this batch, counted from its beginning:
   * left out by `skip` and broken ones included. With `skip: position` (and a `limit` less the
   * images between) the same options go on exactly after this batch.
   */
  readonly position: number;
}

export interface LabelledBatch extends ImageBatch {
  readonly labels: Int32Array;
}

/** `validation` holds what `holdOutValidation` took from `train`; otherwise it is empty. */
export type Split = 'train' | 'validation' | 'test';

/** A split that readers find in their data. */
export type StoredSplit = Exclude<Split, 'validation'>;

/** An image that could not be used, and why: named and counted, never silently left out. */
export interface SkippedImage {
  readonly name: string;
  readonly reason: string;
}

/** What preparing some images took, summed over them; they are prepared beside each other. */
export interface PreparationTime {
  readonly images: number;
  /** Wall-clock milliseconds from asking for an image to its pixels: reading and decoding. */
  readonly decodeMs: number;
  /** Milliseconds of a thread's work from the pixels to the network's input: crop, resize, augmentation. */
  readonly resizeMs: number;
  /** Images of these that a cache had. */
  readonly cached: number;
  /** Why a cache did not keep the first of those that it did not keep. */
  readonly cacheTrouble?: CacheTrouble;
}

export interface BatchOptions {
  readonly split: Split;
  readonly batchSize: number;
  /** Height of the images handed out, and their width unless that is given. */
  readonly resolution: number;
  /** Not with the augmentation `inception`. */
  readonly width?: number | undefined;
  /** How images are brought to that size; bilinear unless given. */
  readonly resample?: 'bilinear' | 'bicubic' | undefined;
  /**
   * Part of each side of an image that is kept, from the middle, in (0, 1]; what the data set's own
   * networks see unless given. The augmentation `inception` draws its crops from the whole image.
   */
  readonly centralFraction?: number | undefined;
  /** Uses `limit` images of the (shuffled) order, after those left out by `skip`; broken ones counted. */
  readonly limit?: number | undefined;
  /** Leaves out the first `skip` images of the (shuffled) order; 0 unless given. */
  readonly skip?: number | undefined;
  /** Shuffles by this seed; without it the order is the data set's own. The order depends on the seed alone. */
  readonly seed?: number | undefined;
  /** Indices of the split's images to use, in ascending order; all of them unless given. `limit`, `skip` and `seed` go by these. */
  readonly among?: Uint32Array | undefined;
  /**
   * Hands out red, green, blue and alpha, which is opaque (1) where an image has none; not with an augmentation.
   */
  readonly alpha?: boolean | undefined;
  /** How images are varied in training; not at all unless given. */
  readonly augmentation?: Augmentation | undefined;
  /**
   * Of the augmentation, 0 unless given: what happens to an image depends on it and on the image's
   * place in the order alone.
   */
  readonly augmentationSeed?: number | undefined;
  /**
   * Prepares and hands out a part of each batch only: given the images of the batch, the part from
   * `begin` up to `end`. Batches are then `batchSize` images of the order each, broken ones counted,
   * and may be empty; `position` goes by the whole batch.
   */
  readonly share?: ((size: number) => readonly [begin: number, end: number]) | undefined;
  /** Where decoded images are kept for later epochs and runs; nowhere unless given. No batch depends on it. */
  readonly cache?: CacheOptions | undefined;
  /**
   * Worker threads that prepare images ahead of the consumer; 0 prepares them on this thread. As the
   * amount of work asks for unless given. The batches do not depend on it.
   */
  readonly workers?: number | undefined;
  /**
   * Lets the images of a batch lie in memory that is used again once the batch after the next is asked
   * for. For a consumer who is done with them by then: new memory for each batch costs it time.
   */
  readonly reuseMemory?: boolean | undefined;
  /** Ends the iteration with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called for each image that could not be read, in the order of the images. */
  readonly onSkip?: ((image: SkippedImage) => void) | undefined;
  /** Called for each batch-sized part of the order once it is prepared, with what that took. */
  readonly onPrepared?: ((spent: PreparationTime) => void) | undefined;
}

/** A set of images; every reader of this folder returns one. */
export interface Dataset {
  /** A DatasetName of those that are opened by it. */
  readonly name: string;
  /** Undefined where nobody says what the images show: there is no accuracy then, and no training. */
  readonly classNames: readonly string[] | undefined;
  /** `train` and `test` are the same images: a folder that is not divided. */
  readonly splitsAreEqual: boolean;
  /** Number of images of a split, broken ones included. */
  count(split: Split): number;
  /** Each iteration starts anew and gives the same batches for the same options. The last batch may be smaller. */
  batches(options: BatchOptions): AsyncIterable<ImageBatch>;
  /**
   * SHA-256 that identifies the images of all stored splits: of pixels and labels, or of the sorted
   * list of files with their sizes. What is held out does not change it.
   */
  readonly fingerprint: string;
  /** Where the data came from, for the record of a run. */
  readonly origin: string;
}

/** A data set that says of which class each image is. */
export interface LabelledDataset extends Dataset {
  readonly classNames: readonly string[];
  /** Index of an image's class in `classNames`; `index` counts the split's images in the data set's order. */
  label(split: Split, index: number): number;
  batches(options: BatchOptions): AsyncIterable<LabelledBatch>;
}
