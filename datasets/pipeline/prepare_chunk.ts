import { prepareImage } from '../augment/augment.ts';
import { ImageError } from '../images/decode_image.ts';
import type { PixelImage } from '../images/pixel_image.ts';
import { preprocessRgba } from '../images/preprocess_rgba.ts';
import { CachedImages } from './cached_images.ts';
import { type ChunkTask, channelsOf, type PreparedChunk } from './chunk.ts';
import { ImageLoader } from './image_loader.ts';

/**
 * Loads, augments and preprocesses the images of a chunk on the calling thread, up to `atOnce` of them
 * at a time. Ends early, without the other images, once the task is stopped.
 *
 * @throws (rejects) what loading throws other than ImageError, after the loads under way have ended
 */
export async function prepareChunk(task: ChunkTask, atOnce: number): Promise<PreparedChunk> {
  const { count, place, resolution, width, resample, centralFraction, augmentation } = task;
  const { stopped, alpha = false } = task;
  const length = resolution * width * channelsOf(task);
  const isStopped = (): boolean => Atomics.load(stopped, 0) !== 0;
  const images =
    task.into?.subarray(0, count * length) ?? new Float32Array(isStopped() ? 0 : count * length);
  const broken: { n: number; reason: string }[] = [];
  const loader = new ImageLoader(task.source, { alpha });
  // Pixels in memory are never cached: what decodes images is not loaded for them.
  const cached =
    task.source.kind === 'pixels'
      ? undefined
      : task.cache && (await CachedImages.open(task.cache, task));
  let next = 0;
  let prepared = 0;
  let decodeMs = 0;
  let resizeMs = 0;
  const lane = async (): Promise<void> => {
    while (next < count && !isStopped()) {
      const n = next++;
      try {
        const asked = performance.now();
        const encoded = cached && loader.encoded(n);
        const out = images.subarray(n * length, (n + 1) * length);
        const found = encoded && (await cached.find(await encoded, out));
        if (found === 'prepared') {
          prepared++;
          decodeMs += performance.now() - asked;
          continue;
        }
        const loaded = found?.image ?? loader.load(n);
        const image = loaded instanceof Promise ? await loaded : loaded;
        const decoded = performance.now();
        const how = {
          resolution,
          width,
          resample,
          centralFraction,
          augmentation,
          seed: task.augmentationSeed,
          place: place + n,
        };
        if (alpha) out.set(preprocessRgba(image, how));
        else prepareImage(image as PixelImage, how, out);
        await found?.keepPrepared?.(out);
        prepared++;
        decodeMs += decoded - asked;
        resizeMs += performance.now() - decoded;
      } catch (error) {
        if (error instanceof ImageError) {
          broken.push({ n, reason: error.reason });
          continue;
        }
        next = count;
        throw error;
      }
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: atOnce }, lane));
  await loader.close();
  for (const result of lanes) if (result.status === 'rejected') throw result.reason;
  broken.sort((a, b) => a.n - b.n);
  return {
    images,
    broken,
    spent: {
      images: prepared,
      decodeMs,
      resizeMs,
      cached: cached?.hits ?? 0,
      ...(cached?.trouble && { cacheTrouble: cached.trouble }),
    },
  };
}
