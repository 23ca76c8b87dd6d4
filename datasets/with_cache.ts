import type { BatchOptions, Dataset } from './dataset.ts';
import type { CacheOptions, CacheTrouble } from './pipeline/image_cache.ts';

/**
 * The same images, which are decoded once as far as the cache has room.
 * @param onTrouble called once, where the cache does not keep an image for another reason
 */
export function withCache<Images extends Dataset>(
  dataset: Images,
  cache: CacheOptions | undefined,
  onTrouble?: (trouble: CacheTrouble) => void,
): Images {
  if (cache === undefined) return dataset;
  let isTold = onTrouble === undefined;
  const tell = (trouble: CacheTrouble | undefined): void => {
    if (isTold || trouble === undefined) return;
    isTold = true;
    onTrouble!(trouble);
  };
  return {
    ...dataset,
    batches: (options: BatchOptions) =>
      dataset.batches({
        cache,
        ...options,
        onPrepared: (spent) => {
          tell(spent.cacheTrouble);
          options.onPrepared?.(spent);
        },
      }),
  };
}
