import type { PixelImage } from '../images/pixel_image.ts';

/**
 * Pixels of images of one size in shared memory: a structured clone for another thread shares them.
 * Plain data, since methods would be lost on the way.
 */
export interface PixelStore {
  /** [N, height, width, channels] uint8, shared */
  readonly pixels: Uint8Array;
  /** [N] 1 where the image's pixels have been stored, shared */
  readonly stored: Uint8Array;
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
}

/** Room for `count` images. Memory that was never written to takes no room. */
export function emptyStore(
  count: number,
  size: Pick<PixelStore, 'height' | 'width' | 'channels'>,
): PixelStore {
  const { height, width, channels } = size;
  return {
    pixels: new Uint8Array(new SharedArrayBuffer(count * height * width * channels)),
    stored: new Uint8Array(new SharedArrayBuffer(count)),
    height,
    width,
    channels,
  };
}

/** Copies images into shared memory. @param pixels [N, height, width, channels] uint8 */
export function storeOf(
  pixels: Uint8Array,
  size: Pick<PixelStore, 'height' | 'width' | 'channels'>,
): PixelStore {
  const store = emptyStore(pixels.length / (size.height * size.width * size.channels), size);
  store.pixels.set(pixels);
  store.stored.fill(1);
  return store;
}

/** An image that is stored, as a view; undefined where it is not. */
export function storedImage(store: PixelStore, index: number): PixelImage | undefined {
  const { stored, pixels, height, width, channels } = store;
  if (Atomics.load(stored, index) === 0) return undefined;
  const length = height * width * channels;
  return {
    data: pixels.subarray(index * length, (index + 1) * length),
    height,
    width,
    channels,
  };
}

/** Stores an image of the store's size. Threads that store the same image write the same bytes. */
export function storeImage(store: PixelStore, index: number, { data }: PixelImage): void {
  store.pixels.set(data, index * data.length);
  Atomics.store(store.stored, index, 1); // After its pixels: who sees it sees them.
}
