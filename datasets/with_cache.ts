import type { BatchOptions, Dataset } from './dataset.ts';
import type { CacheOptions } from './pipeline/image_cache.ts';

/** The same images, which are decoded once as far as the cache has room. */
export function withCache<Images extends Dataset>(
  dataset: Images,
  cache: CacheOptions | undefined,
): Images {
  if (cache === undefined) return dataset;
  return {
    ...dataset,
    batches: (options: BatchOptions) => dataset.batches({ cache, ...options }),
  };
}
