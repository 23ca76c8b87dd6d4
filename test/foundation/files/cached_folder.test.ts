import assert from 'node:assert/strict';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cachedFolder } from '../../../foundation/files/cached_folder.ts';
import { inFolder } from '../../support/in_folder.ts';

describe('cachedFolder', () => {
  it('is made once for a key, and anew for another', () =>
    inFolder(async (parent) => {
      const folder = join(parent, 'cache', 'things');
      const make = (key: string) =>
        cachedFolder(folder, key, (temporary) => writeFile(join(temporary, 'thing'), key));
      assert.equal(await make('a'), folder);
      await writeFile(join(folder, 'thing'), 'kept');
      await make('a');
      assert.equal(await readFile(join(folder, 'thing'), 'utf8'), 'kept');
      await make('b');
      assert.equal(await readFile(join(folder, 'thing'), 'utf8'), 'b');
    }));

  it('is made anew where it is not whole', () =>
    inFolder(async (parent) => {
      const folder = join(parent, 'things');
      let times = 0;
      const make = () =>
        cachedFolder(folder, 'a', async () => {
          times++;
        });
      await make();
      await rm(join(folder, 'complete.json'));
      await make();
      assert.equal(times, 2);
    }));

  it('is made anew where what was made works no longer', () =>
    inFolder(async (parent) => {
      const folder = join(parent, 'things');
      let times = 0;
      const make = (works: boolean) =>
        cachedFolder(
          folder,
          'a',
          async () => {
            times++;
          },
          async () => works,
        );
      await make(true);
      await make(true);
      assert.equal(times, 1);
      await make(false);
      assert.equal(times, 2);
    }));

  it('leaves what was there, and nothing else, where the making fails', () =>
    inFolder(async (parent) => {
      const folder = join(parent, 'things');
      await cachedFolder(folder, 'a', (temporary) => writeFile(join(temporary, 'thing'), ''));
      const failing = cachedFolder(folder, 'b', async (temporary) => {
        await writeFile(join(temporary, 'half'), '');
        throw new Error('no network');
      });
      await assert.rejects(failing, /no network/);
      assert.deepEqual(await readdir(parent), ['things']);
      assert.deepEqual((await readdir(folder)).sort(), ['complete.json', 'thing']);
    }));
});
