import type { ImageSource } from '../pipeline/image_source.ts';

/** `loadMs` of JPEG photographs as ImageNet's, 500 × 375 pixels: measured. */
export const PHOTOGRAPH_MS = 4;

/** The images of a split, numbered from 0. */
export interface ImageSet {
  readonly count: number;
  /** Milliseconds that loading an image takes, roughly; 0 where its pixels are in memory. */
  readonly loadMs: number;
  /** Index of the class in `Dataset.classNames`; absent where there are no classes. */
  label?(index: number): number;
  /** As in `ImageBatch.names`. */
  name(index: number): string;
  /** These images as plain data, from which any thread loads them. */
  source(indices: Uint32Array): ImageSource;
}

export interface LabelledImageSet extends ImageSet {
  label(index: number): number;
}
