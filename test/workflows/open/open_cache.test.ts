import assert from 'node:assert/strict';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openDataset } from '../../../datasets/open_dataset.ts';
import { openCache } from '../../../workflows/open/open_cache.ts';
import { all } from '../../datasets/pipeline/support.ts';
import { contextOf, picture, writeImage } from '../../scripts/support.ts';
import { inFolder } from '../../support/in_folder.ts';
import { recordingReporter } from '../../support/recording_reporter.ts';

const OPTIONS = { split: 'test', batchSize: 2, resolution: 32 } as const;

/** Two passes over four images. */
async function warningsOf(
  folder: string,
  limit: number,
  after: (cache: string) => Promise<unknown> = async () => undefined,
): Promise<{ readonly warnings: readonly string[]; readonly files: number }> {
  for (let n = 0; n < 4; n++) {
    await writeImage(join(folder, 'images'), n, `${n}.png`, await picture(n));
  }
  const reporter = recordingReporter();
  const cache = join(folder, 'cache');
  const cached = await openCache({ cache, cacheLimit: limit }, [], reporter);
  await after(cache);
  const dataset = await openDataset('imagenet', { ...contextOf(), dir: join(folder, 'images') });
  const [plain, kept] = [dataset, cached(dataset)];
  for (const _ of [1, 2]) {
    assert.deepEqual(await all(kept.batches(OPTIONS)), await all(plain.batches(OPTIONS)));
  }
  const files = await readdir(cache, { recursive: true }).catch(() => []);
  return { warnings: reporter.messages, files: files.length };
}

describe('openCache', () => {
  it('says nothing of a cache that keeps what it should', () =>
    inFolder(async (folder) => {
      const { warnings, files } = await warningsOf(folder, 1e9);
      assert.deepEqual(warnings, []);
      assert.ok(files >= 4);
    }));

  it('says once that its limit keeps no such image, and which one does', () =>
    inFolder(async (folder) => {
      const { warnings, files } = await warningsOf(folder, 256 * 12_000);
      assert.equal(warnings.length, 1);
      assert.match(
        warnings[0],
        /does not keep an image of 12 kB, which is decoded each time: .* Pass `cacheLimit` of 0\.1G or more/,
      );
      assert.equal(files, 0);
    }));

  it('says once that the folder takes no more files, and goes on', () =>
    inFolder(async (folder) => {
      const { warnings } = await warningsOf(folder, 1e9, async (cache) => {
        await rm(cache, { recursive: true });
        await writeFile(cache, '');
      });
      assert.equal(warnings.length, 1);
      assert.match(
        warnings[0],
        /^the cache .* keeps no more images, which are decoded each time: a part of its path is a file/,
      );
    }));

  it('reads a folder that cannot be written', async function () {
    if (process.getuid?.() === 0) this.skip(); // Root may write anywhere.
    await inFolder(async (folder) => {
      const cache = join(folder, 'cache');
      await mkdir(cache, { mode: 0o555 });
      const { warnings } = await warningsOf(folder, 1e9);
      assert.equal(warnings.length, 1);
      assert.match(warnings[0], /the permission is missing/);
    });
  });
});
