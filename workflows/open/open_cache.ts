import type { CacheOptions } from '../../datasets/pipeline/image_cache.ts';
import { makeWritableFolder } from '../../foundation/files/writable_folder.ts';
import { requireOutsideImages } from '../outputs/outside_data.ts';

/** How decoded images are kept. */
export interface ImageCacheChoice {
  /** Folder of decoded images, for later epochs and runs; none are kept unless given. */
  readonly cache?: string | undefined;
  /** Most bytes in it; CACHE_LIMIT unless given. */
  readonly cacheLimit?: number | undefined;
}

/** 20 GB: some 33,000 inputs of 224 × 224 pixels. */
const CACHE_LIMIT = 20e9;

/**
 * The cache that is asked for; undefined where none is.
 * @param data folders of the images
 * @throws UserError where it cannot be written, or lies among the images
 */
export async function openCache(
  { cache, cacheLimit = CACHE_LIMIT }: ImageCacheChoice,
  data: readonly (string | undefined)[],
): Promise<CacheOptions | undefined> {
  if (cache === undefined) return undefined;
  for (const images of data) await requireOutsideImages(cache, images, 'cache');
  await makeWritableFolder(cache);
  return { dir: cache, limit: cacheLimit };
}
