import assert from 'node:assert/strict';
import {
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { INCEPTION } from '../../../datasets/augment/inception.ts';
import { openDataset } from '../../../datasets/open_dataset.ts';
import { type CacheOptions, ImageCache } from '../../../datasets/pipeline/image_cache.ts';
import { withCache } from '../../../datasets/with_cache.ts';
import { contextOf, picture, writeImage } from '../../scripts/support.ts';
import { inFolder } from '../../support/in_folder.ts';
import { all } from './support.ts';

const IMAGE = { height: 2, width: 3, channels: 3, data: new Uint8Array(18).fill(7) };
/** Of a file of IMAGE. */
const FILE_BYTES = 24 + 18;
const KEY = ImageCache.key(Uint8Array.of(1), ['how']);

async function filesIn(dir: string): Promise<string[]> {
  const folders = await readdir(dir);
  const names = await Promise.all(folders.map((folder) => readdir(join(dir, folder))));
  return names.flatMap((files, at) => files.map((name) => join(dir, folders[at], name)));
}

describe('ImageCache', () => {
  it('gives back what was kept, to every reader of the folder', () =>
    inFolder(async (dir) => {
      const options = { dir, limit: 1e6 };
      await new ImageCache(options).keep(KEY, IMAGE);
      assert.deepEqual(await new ImageCache(options).find(KEY), IMAGE);
      assert.equal(await new ImageCache(options).find(ImageCache.key(IMAGE.data, [])), undefined);
    }));

  it('names an image by its content and by what becomes of it', () => {
    const keys = [
      ImageCache.key(Uint8Array.of(1), ['how']),
      ImageCache.key(Uint8Array.of(2), ['how']),
      ImageCache.key(Uint8Array.of(1), ['how', 2]),
    ];
    assert.equal(new Set(keys).size, 3);
  });

  it('takes a damaged file for a missing one, which is written again', () =>
    inFolder(async (dir) => {
      const cache = new ImageCache({ dir, limit: 1e6 });
      const damage: ((path: string) => Promise<unknown>)[] = [
        (path) => truncate(path, FILE_BYTES - 1),
        (path) => truncate(path, 0),
        async (path) => {
          const bytes = await readFile(path);
          bytes[FILE_BYTES - 1] ^= 1;
          await writeFile(path, bytes);
        },
        (path) => writeFile(path, 'another file, which is as long as this text and longer'),
      ];
      for (const harm of damage) {
        await cache.keep(KEY, IMAGE);
        const [path] = await filesIn(dir);
        await harm(path);
        assert.equal(await cache.find(KEY), undefined);
        await cache.keep(KEY, IMAGE);
        assert.deepEqual(await cache.find(KEY), IMAGE);
      }
    }));

  it('keeps the limit, also of several that write, and leaves no temporary file', () =>
    inFolder(async (dir) => {
      const perFolder = 5;
      const options: CacheOptions = { dir, limit: 256 * perFolder * FILE_BYTES };
      const caches = [new ImageCache(options), new ImageCache(options)];
      for (let n = 0; n < 4000; n++) {
        const key = `0${n % 2}${String(n).padStart(30, '0')}-00000000`;
        await caches[n % 3 === 0 ? 0 : 1].keep(key, IMAGE);
      }
      const files = await filesIn(dir);
      assert.equal(files.length, 2 * perFolder);
      assert.ok(files.every((path) => !path.endsWith('.tmp')));
    }));

  it('makes room by what nobody has used for a day, the oldest first', () =>
    inFolder(async (dir) => {
      const options = { dir, limit: 256 * 2 * FILE_BYTES };
      const keys = ['a', 'b', 'c'].map((end) => `00${end.repeat(30)}-00000000`);
      const cache = new ImageCache(options);
      for (const key of keys) await cache.keep(key, IMAGE);
      assert.deepEqual(await cache.find(keys[0]), IMAGE);
      assert.equal(await cache.find(keys[2]), undefined, 'there was no room');
      const old = new Date(Date.now() - 2 * 24 * 3600 * 1000);
      for (const key of keys.slice(0, 2)) await utimes(join(dir, '00', key), old, old);
      await cache.find(keys[0]); // which is used by that
      await new ImageCache(options).keep(keys[2], IMAGE);
      assert.deepEqual((await readdir(join(dir, '00'))).sort(), [keys[0], keys[2]]);
    }));

  it('does without where it cannot write', () =>
    inFolder(async (dir) => {
      const path = join(dir, 'file');
      await writeFile(path, '');
      const cache = new ImageCache({ dir: path, limit: 1e6 });
      assert.deepEqual(await cache.keep(KEY, IMAGE), { kind: 'system', code: 'ENOTDIR' });
      assert.equal(await cache.find(KEY), undefined);
    }));

  it('says what its limit never keeps', () =>
    inFolder(async (dir) => {
      const keep = (bytes: number) => new ImageCache({ dir, limit: 256 * bytes }).keep(KEY, IMAGE);
      assert.deepEqual(await keep(FILE_BYTES - 1), { kind: 'size', bytes: FILE_BYTES });
      assert.equal(await keep(FILE_BYTES), undefined);
    }));
});

describe('batches with a cache of images', () => {
  let folder: string;
  const at = (name: string) => join(folder, name);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tf8-image-cache-'));
    for (let n = 0; n < 10; n++) await writeImage(at('images'), n, `${n}.png`, await picture(n));
    await writeImage(at('images'), 3, 'broken.jpg', 'no image');
  });

  after(() => rm(folder, { recursive: true, force: true }));

  for (const [name, augmentation] of [
    ['of an evaluation', undefined],
    ['of a training with crops', INCEPTION],
  ] as const) {
    it(`are those without, ${name}, by one thread or several, and none is decoded twice`, async () => {
      const dataset = await openDataset('imagenet', { ...contextOf(), dir: at('images') });
      const cached: number[] = [];
      const dir = at(`cache ${name}`);
      const kept = withCache(dataset, { dir, limit: 1e9 });
      const options = (workers: number, seed: number) => ({
        split: 'train' as const,
        batchSize: 4,
        resolution: 32,
        augmentation,
        seed,
        augmentationSeed: seed,
        workers,
        onPrepared: ({ cached: hits }: { readonly cached: number }) => cached.push(hits),
      });
      const hits = () => cached.splice(0).reduce((sum, count) => sum + count, 0);
      for (const [workers, seed, known] of [
        [0, 1, 0],
        [0, 2, 10],
        [1, 3, 10],
      ]) {
        const expected = await all(dataset.batches(options(0, seed)));
        cached.splice(0);
        assert.deepEqual(await all(kept.batches(options(workers, seed))), expected);
        assert.equal(hits(), known);
      }
      const files = await filesIn(dir);
      assert.equal(files.length, 10);
      const { size } = await stat(files[0]);
      assert.equal(size, 24 + (augmentation === undefined ? 4 * 32 * 32 * 3 : 40 * 40 * 3));
      await truncate(files[0], 30);
      const again = await all(kept.batches(options(0, 4)));
      assert.equal(hits(), 9);
      assert.deepEqual(again, await all(dataset.batches(options(0, 4))));
    });
  }

  it('give another size or part of an image a file of its own', async () => {
    const dataset = await openDataset('imagenet', { ...contextOf(), dir: at('images') });
    const dir = at('cache of sizes');
    const kept = withCache(dataset, { dir, limit: 1e9 });
    for (const how of [
      { resolution: 32 },
      { resolution: 16 },
      { resolution: 32, centralFraction: 1 },
    ]) {
      const options = { split: 'test' as const, batchSize: 16, ...how };
      assert.deepEqual(await all(kept.batches(options)), await all(dataset.batches(options)));
    }
    assert.equal((await filesIn(dir)).length, 30);
  });
});
