import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { type Augmentation, NO_AUGMENTATION } from '../../datasets/augment/augment.ts';
import { INCEPTION } from '../../datasets/augment/inception.ts';
import type { CacheOptions } from '../../datasets/pipeline/image_cache.ts';
import { prepareChunk } from '../../datasets/pipeline/prepare_chunk.ts';
import type { WorkersRecord } from '../../workflows/records/workers_record.ts';

/** As ImageNet's are on average. */
const SIZE = { width: 500, height: 375 };
const PHOTOGRAPHS = 48;
const RESOLUTION = 224;
const ROUNDS = 3;

/** Processor time of a photograph on its way to the network, on one thread: the least of several rounds. */
export async function inputCosts(): Promise<NonNullable<WorkersRecord['input']>> {
  const dir = await mkdtemp(join(tmpdir(), 'tf8-input-'));
  try {
    const files = await writePhotographs(dir);
    const cost = async (augmentation: Augmentation, cache?: CacheOptions) => {
      await costOf(files, augmentation, cache); // warms up, and fills the cache
      let least = Infinity;
      for (let round = 0; round < ROUNDS; round++) {
        least = Math.min(least, await costOf(files, augmentation, cache));
      }
      return least;
    };
    const cache = (name: string) => ({ dir: join(dir, name), limit: 1e12 });
    return {
      photograph: `JPEG of ${SIZE.width} × ${SIZE.height} pixels`,
      resolution: RESOLUTION,
      cropsMs: await cost(INCEPTION),
      cropsCachedMs: await cost(INCEPTION, cache('crops')),
      inputMs: await cost(NO_AUGMENTATION),
      inputCachedMs: await cost(NO_AUGMENTATION, cache('inputs')),
    };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

type Files = readonly { readonly name: string; readonly path: string }[];

/** Smooth noise, which takes a decoder as long as a photograph does. */
async function writePhotographs(dir: string): Promise<Files> {
  const files = Array.from({ length: PHOTOGRAPHS }, (_, n) => {
    return { name: `${n}`, path: join(dir, `${n}.jpg`) };
  });
  for (const { path } of files) {
    const [width, height] = [SIZE.width / 4, Math.floor(SIZE.height / 4)];
    await sharp(randomBytes(width * height * 3), { raw: { width, height, channels: 3 } })
      .resize(SIZE.width, SIZE.height)
      .jpeg({ quality: 90 })
      .toFile(path);
  }
  return files;
}

async function costOf(
  files: Files,
  augmentation: Augmentation,
  cache: CacheOptions | undefined,
): Promise<number> {
  sharp.concurrency(1);
  const before = process.cpuUsage();
  await prepareChunk(
    {
      source: { kind: 'files', files },
      count: files.length,
      place: 0,
      resolution: RESOLUTION,
      width: RESOLUTION,
      resample: 'bilinear',
      centralFraction: 0.875,
      augmentation,
      augmentationSeed: 0,
      ...(cache && { cache }),
      stopped: new Int32Array(new SharedArrayBuffer(4)),
    },
    2,
  );
  const { user, system } = process.cpuUsage(before);
  return Number(((user + system) / 1000 / files.length).toFixed(2));
}
