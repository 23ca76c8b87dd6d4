import { decodeImage, decoderVersion } from '../images/decode_image.ts';
import type { PixelImage, RgbaImage } from '../images/pixel_image.ts';
import type { RecordImage } from '../tfrecord/record_images.ts';
import type { ChunkTask } from './chunk.ts';
import {
  type CachedImage,
  type CacheOptions,
  type CacheTrouble,
  ImageCache,
} from './image_cache.ts';

/** Of `preprocessInto`: raised where it gives other numbers. */
const PREPROCESSING_VERSION = 1;

/** An image that is still to be prepared. */
interface Unprepared {
  readonly image: PixelImage | RgbaImage;
  /** Keeps what it was prepared to. */
  readonly keepPrepared?: (input: Float32Array) => Promise<void>;
}

/**
 * The images of a chunk with a cache: where nothing is drawn at random it has the network's input, float32,
 * else the decoded pixels, from which a training draws its crops. Either is what it would be without.
 */
export class CachedImages {
  /** Images that the cache had. */
  hits = 0;
  /** Why the first that was not kept was not. */
  trouble: CacheTrouble | undefined;
  private readonly cache: ImageCache;
  private readonly how: readonly (string | number)[];
  private readonly isPrepared: boolean;
  private readonly alpha: boolean;

  private constructor(
    cache: ImageCache,
    how: readonly (string | number)[],
    { isPrepared, alpha }: { readonly isPrepared: boolean; readonly alpha: boolean },
  ) {
    this.cache = cache;
    this.how = how;
    this.isPrepared = isPrepared;
    this.alpha = alpha;
  }

  static async open(
    options: CacheOptions,
    {
      resolution,
      width,
      resample,
      centralFraction,
      augmentation,
      alpha = false,
    }: Pick<
      ChunkTask,
      'resolution' | 'width' | 'resample' | 'centralFraction' | 'augmentation' | 'alpha'
    >,
  ): Promise<CachedImages> {
    const isPrepared = augmentation.kind === 'none';
    const prepared = [PREPROCESSING_VERSION, resolution, width, resample, centralFraction];
    const how = [
      await decoderVersion(),
      ...(isPrepared ? prepared : []),
      ...(alpha ? ['alpha'] : []),
    ];
    return new CachedImages(ImageCache.of(options), how, { isPrepared, alpha });
  }

  /**
   * @param out gets the network's input, [resolution, width, 3 or 4] float32, where the cache has it
   * @returns "prepared" then, else what is to be prepared
   * @throws ImageError (the promise rejects) where it cannot be decoded
   */
  async find({ bytes, name }: RecordImage, out: Float32Array): Promise<'prepared' | Unprepared> {
    const { cache, isPrepared, alpha } = this;
    const key = ImageCache.key(bytes, this.how);
    const found = await cache.find(key);
    if (isPrepared) {
      if (found?.data.byteLength === out.byteLength) {
        this.hits++;
        asBytes(out).set(found.data);
        return 'prepared';
      }
      const image = await decodeImage(bytes, name, { alpha });
      const keepPrepared = (input: Float32Array) =>
        this.keep(key, { height: 1, width: 1, channels: input.length, data: asBytes(input) });
      return { image, keepPrepared };
    }
    const kept = found && pixelsIn(found);
    if (kept !== undefined) {
      this.hits++;
      return { image: kept };
    }
    const image = await decodeImage(bytes, name);
    await this.keep(key, image);
    return { image };
  }

  private async keep(key: string, image: CachedImage): Promise<void> {
    const trouble = await this.cache.keep(key, image);
    this.trouble ??= trouble;
  }
}

function pixelsIn({ height, width, channels, data }: CachedImage): PixelImage | undefined {
  if (channels !== 3 || data.length !== height * width * channels) return undefined;
  return { height, width, channels, data };
}

function asBytes(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
