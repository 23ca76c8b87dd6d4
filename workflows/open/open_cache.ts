import type { Dataset } from '../../datasets/dataset.ts';
import { type CacheTrouble, FOLDERS } from '../../datasets/pipeline/image_cache.ts';
import { withCache } from '../../datasets/with_cache.ts';
import { errorCode } from '../../foundation/files/file_errors.ts';
import { systemFault } from '../../foundation/files/system_errors.ts';
import { makeWritableFolder } from '../../foundation/files/writable_folder.ts';
import { formatAmount } from '../../foundation/reporting/amounts.ts';
import type { Reporter } from '../../foundation/reporting/reporter.ts';
import { requireOutsideImages } from '../outputs/outside_data.ts';
import { option } from '../wording.ts';

/** How decoded images are kept. */
export interface ImageCacheChoice {
  /** Folder of decoded images, for later epochs and runs; none are kept unless given. */
  readonly cache?: string | undefined;
  /** Most bytes in it; CACHE_LIMIT unless given. */
  readonly cacheLimit?: number | undefined;
}

/** 20 GB: some 33,000 inputs of 224 × 224 pixels. */
const CACHE_LIMIT = 20e9;

/** A limit is asked for in steps of this. */
const LIMIT_STEP = 1e8;

/** What the system says of a folder that can be read and not be written. */
const ONLY_READ = ['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT'];

/** The same images by a cache. */
export type WithCache = <Images extends Dataset>(dataset: Images) => Images;

/**
 * Opens the cache that is asked for, if one is. The reporter is warned once where it does not keep what
 * it should: images are decoded each time then, and what the folder holds is still read.
 * @param data folders of the images
 * @throws UserError where no folder is there and none can be made, or it lies among the images
 */
export async function openCache(
  { cache: dir, cacheLimit: limit = CACHE_LIMIT }: ImageCacheChoice,
  data: readonly (string | undefined)[],
  reporter: Reporter,
): Promise<WithCache> {
  if (dir === undefined) return (dataset) => dataset;
  for (const images of data) await requireOutsideImages(dir, images, 'cache');
  let isTold = false;
  const warn = (text: string): void => {
    if (!isTold) reporter.warn(text);
    isTold = true;
  };
  try {
    await makeWritableFolder(dir);
  } catch (error) {
    const code = errorCode((error as { readonly cause?: unknown } | null)?.cause);
    if (!ONLY_READ.includes(code ?? '')) throw error;
    warn(troubleWords({ kind: 'system', code }, dir, limit));
  }
  return (dataset) =>
    withCache(dataset, { dir, limit }, (trouble) => warn(troubleWords(trouble, dir, limit)));
}

function troubleWords(trouble: CacheTrouble, dir: string, limit: number): string {
  switch (trouble.kind) {
    case 'system': {
      const { reason, remedy } = systemFault(trouble.code ?? '') ?? {
        reason: 'it cannot be written',
        remedy: 'Choose another folder.',
      };
      return `the cache ${dir} keeps no more images, which are decoded each time: ${reason}. ${remedy}`;
    }
    case 'size': {
      const needed = LIMIT_STEP * Math.ceil((FOLDERS * trouble.bytes) / LIMIT_STEP);
      return `the cache ${dir} does not keep an image of ${formatAmount(trouble.bytes, 'bytes')}, which is decoded each time: of ${inGigabytes(limit)} each file may have a ${FOLDERS}th part, ${formatAmount(limit / FOLDERS, 'bytes')}. Pass ${option('cacheLimit')} of ${inGigabytes(needed)} or more, or leave ${option('cache')} out.`;
    }
  }
}

/** "0.4G", as the option takes it. */
function inGigabytes(bytes: number): string {
  return `${Number((bytes / 1e9).toFixed(1))}G`;
}
