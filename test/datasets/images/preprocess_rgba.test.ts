import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { decodeImage } from '../../../datasets/images/decode_image.ts';
import { preprocess } from '../../../datasets/images/preprocess.ts';
import { coloursOf, preprocessRgba } from '../../../datasets/images/preprocess_rgba.ts';
import { openDataset } from '../../../datasets/open_dataset.ts';
import { withCache } from '../../../datasets/with_cache.ts';
import { contextOf, picture } from '../../scripts/support.ts';
import { inFolder } from '../../support/in_folder.ts';
import { all } from '../pipeline/support.ts';

const [HEIGHT, WIDTH] = [9, 14];
const PIXELS = Uint8Array.from({ length: 4 * HEIGHT * WIDTH }, (_, i) => (i * 37) % 256);

function rgba(): Promise<Buffer> {
  return sharp(PIXELS, { raw: { height: HEIGHT, width: WIDTH, channels: 4 } })
    .png()
    .toBuffer();
}

describe('images with alpha', () => {
  it('are decoded with it where it is asked for, else without; one that has none is opaque', async () => {
    const image = await decodeImage(await rgba(), 'a.png', { alpha: true });
    assert.deepEqual([image.channels, new Uint8Array(image.data)], [4, PIXELS]);
    assert.equal((await decodeImage(await rgba())).channels, 3);
    const plain = await decodeImage(await picture(0), 'b.png', { alpha: true });
    assert.ok(plain.data.every((value, index) => index % 4 !== 3 || value === 255));
  });

  for (const preparation of [
    { resolution: HEIGHT, width: WIDTH, centralFraction: 1 },
    { resolution: 6, centralFraction: 0.875 },
    { resolution: 12, centralFraction: 1, resample: 'bicubic' },
  ] as const) {
    it(`become colours and alpha, each by itself: ${JSON.stringify(preparation)}`, async () => {
      const image = await decodeImage(await rgba(), 'a.png', { alpha: true });
      const of = (channels: readonly number[]) => ({
        data: PIXELS.filter((_, index) => channels.includes(index % 4)),
        height: HEIGHT,
        width: WIDTH,
        channels: channels.length as 1 | 3,
      });
      const out = preprocessRgba(image, preparation);
      const colours = preprocess(of([0, 1, 2]), preparation);
      assert.deepEqual(coloursOf(out, 4), colours);
      assert.equal(coloursOf(colours, 3), colours);
      const alpha = preprocess(of([3]), preparation);
      assert.deepEqual(
        out.filter((_, index) => index % 4 === 3),
        alpha.filter((_, index) => index % 3 === 0),
      );
      const opaque = preprocessRgba(of([0, 1, 2]), preparation);
      assert.deepEqual(coloursOf(opaque, 4), colours);
      assert.ok(opaque.every((value, index) => index % 4 !== 3 || value === 1));
    });
  }

  it('come in batches of four channels, by a thread and a cache, too', () =>
    inFolder(async (folder) => {
      await writeFile(join(folder, 'a.png'), await rgba());
      await writeFile(join(folder, 'b.png'), await picture(1));
      await writeFile(join(folder, 'broken.png'), 'no image');
      const dataset = await openDataset('images', { ...contextOf(), dir: folder });
      const asked = { split: 'test', batchSize: 2, resolution: 8, alpha: true } as const;
      const [batch, ...others] = await all(dataset.batches({ ...asked, workers: 0 }));
      assert.deepEqual([batch.shape, batch.names, others], [[2, 8, 8, 4], ['a.png', 'b.png'], []]);
      const image = await decodeImage(await rgba(), 'a.png', { alpha: true });
      const first = preprocessRgba(image, { resolution: 8, centralFraction: 0.875 });
      assert.deepEqual(batch.images.slice(0, first.length), first);
      const kept = withCache(dataset, { dir: join(folder, 'cache'), limit: 1e9 });
      await all(kept.batches({ ...asked, alpha: false, workers: 0 }));
      for (const workers of [0, 0, 1]) {
        const again = await all(kept.batches({ ...asked, workers }));
        assert.deepEqual(again, [batch]);
      }
    }));
});
