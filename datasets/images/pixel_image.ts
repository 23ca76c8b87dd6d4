/** Interleaved 8-bit pixels: [height, width, channels]. */
export interface PixelImage {
  readonly data: Uint8Array;
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
}

/** A rectangle of whole pixels within an image. */
export interface Region {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}
