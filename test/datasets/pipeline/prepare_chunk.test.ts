import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageSource } from '../../../datasets/pipeline/image_source.ts';
import { emptyStore, storedImage } from '../../../datasets/pipeline/pixel_store.ts';
import { prepareChunk } from '../../../datasets/pipeline/prepare_chunk.ts';
import { inFolder } from '../../support/in_folder.ts';
import { solid, writeTree } from '../support.ts';
import { chunkOf, contentOf, pixelSet, SIDE } from './support.ts';

const PIXELS = SIDE * SIDE * 3;

/** The first value of each image of a chunk. */
function firsts(images: Float32Array): number[] {
  return Array.from(images.filter((_, i) => i % PIXELS === 0));
}

describe('prepareChunk', () => {
  it('names broken images in their order, whichever fails first, and leaves the others in place', () =>
    inFolder(async (folder) => {
      await writeTree(folder, {
        'white.png': await solid(9, 9, 'white').png().toBuffer(),
        'text.jpg': 'no image',
      });
      const names = ['gone.png', 'white.png', 'text.jpg', 'white.png'];
      const files = names.map((name) => ({ name, path: join(folder, name) }));
      for (const atOnce of [1, 4]) {
        const task = chunkOf(pixelSet(1), 4, { source: { kind: 'files', files } });
        const { images, broken, spent } = await prepareChunk(task, atOnce);
        assert.deepEqual(broken, [
          { n: 0, reason: 'there is no such file' },
          { n: 2, reason: 'its content is in no image format that can be read' },
        ]);
        assert.deepEqual(firsts(images), [0, 1, 0, 1]);
        assert.equal(spent.images, 2);
        assert.ok(spent.decodeMs > 0 && spent.resizeMs > 0, 'of the images that are not broken');
      }
    }));

  it('keeps decoded images of the one size in shared memory, and needs their files no more', () =>
    inFolder(async (folder) => {
      const files = [3, 5].map((side) => ({ name: `${side}`, path: join(folder, `${side}.png`) }));
      for (const { name, path } of files) await solid(+name, +name, 'white').png().toFile(path);
      const store = emptyStore(10, { height: 3, width: 3, channels: 3 });
      const kept = { store, indices: Uint32Array.of(7, 2) };
      const task = chunkOf(pixelSet(1), 2, { source: { kind: 'files', files, kept } });
      const first = await prepareChunk(task, 1);
      assert.deepEqual(first.broken, [
        { n: 1, reason: 'it has 5 × 5 pixels where 3 × 3 are needed' },
      ]);
      assert.ok(store.pixels.buffer instanceof SharedArrayBuffer);
      assert.equal(storedImage(store, 2), undefined);
      assert.ok(storedImage(store, 7)!.data.every((value) => value === 255));
      await rm(files[0].path);
      assert.deepEqual(contentOf(await prepareChunk(task, 1)), contentOf(first));
    }));

  it('prepares nothing for a task that is stopped', async () => {
    const task = chunkOf(pixelSet(4), 4);
    Atomics.store(task.stopped, 0, 1);
    assert.equal((await prepareChunk(task, 2)).images.length, 0);
  });

  it('throws what is no broken image, once', async () => {
    const source = { kind: 'pixels', store: undefined, indices: Uint32Array.of(0) };
    const task = chunkOf(pixelSet(1), 1, { source: source as unknown as ImageSource });
    await assert.rejects(prepareChunk(task, 2), TypeError);
  });
});
