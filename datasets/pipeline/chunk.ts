import type { Augmentation } from '../augment/augment.ts';
import type { PreparationTime } from '../dataset.ts';
import type { CacheOptions } from './image_cache.ts';
import type { ImageSource } from './image_source.ts';

/**
 * Successive images of an order that are prepared together: the unit of work of a thread, as large as
 * a batch, so that a message between threads costs little. Plain data.
 */
export interface ChunkTask {
  readonly source: ImageSource;
  /** Number of images of the source. */
  readonly count: number;
  /** Place in the order of image 0; the next images follow it. */
  readonly place: number;
  readonly resolution: number;
  readonly width: number;
  /** See `BatchOptions`. */
  readonly resample: 'bilinear' | 'bicubic';
  readonly centralFraction: number;
  /** Whether images have a fourth channel. */
  readonly alpha?: boolean;
  readonly augmentation: Augmentation;
  readonly augmentationSeed: number;
  /** Where decoded images are kept; nowhere unless given. */
  readonly cache?: CacheOptions;
  /** Shared memory for the images, as long as they are or longer; new memory unless given. */
  readonly into?: Float32Array;
  /** [1] shared: other than 0 once nobody wants the result. */
  readonly stopped: Int32Array;
}

export interface PreparedChunk {
  /** [count, resolution, width, 3 or 4] float32 in [−1, 1]; anything where an image is broken */
  readonly images: Float32Array;
  /** Images that could not be used, in their order, and why. */
  readonly broken: readonly { readonly n: number; readonly reason: string }[];
  readonly spent: PreparationTime;
}

/** Prepares a chunk on some thread. */
export type PrepareChunk = (task: ChunkTask) => Promise<PreparedChunk>;

/** Of each prepared image. */
export function channelsOf({ alpha = false }: { readonly alpha?: boolean | undefined }): 3 | 4 {
  return alpha ? 4 : 3;
}
