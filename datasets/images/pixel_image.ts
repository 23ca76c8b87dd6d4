/** Interleaved 8-bit pixels: [height, width, channels]. */
export interface PixelImage {
  readonly data: Uint8Array;
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
}

/** The same of red, green, blue and alpha. */
export interface RgbaImage extends Omit<PixelImage, 'channels'> {
  readonly channels: 4;
}

/** A rectangle of whole pixels within an image. */
export interface Region {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}
