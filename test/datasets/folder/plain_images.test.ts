import assert from 'node:assert/strict';
import { join } from 'node:path';
import { openPlainImages } from '../../../datasets/folder/plain_images.ts';
import { decodeImage } from '../../../datasets/images/decode_image.ts';
import { preprocessInto, SLIM_CENTRAL_FRACTION } from '../../../datasets/images/preprocess.ts';
import { isLabelled, withLabels } from '../../../datasets/labels.ts';
import { SILENT_REPORTER } from '../../../foundation/reporting/reporter.ts';
import { inFolder } from '../../support/in_folder.ts';
import { recordingReporter } from '../../support/recording_reporter.ts';
import { collect, noise, writeTree } from '../support.ts';

const open = (dir: string) => openPlainImages(dir, { reporter: SILENT_REPORTER });

describe('openPlainImages', () => {
  it('hands out the images within a folder, at any depth, by name, without labels', () =>
    inFolder(async (dir) => {
      const png = await noise(30, 20).png().toBuffer();
      await writeTree(dir, { 'b.png': png, 'a/c.png': png, 'a/d/e.png': png, 'Z.PNG': png });
      const dataset = await open(dir);
      assert.deepEqual(
        [dataset.name, dataset.classNames, dataset.origin],
        ['images', undefined, dir],
      );
      assert.equal(dataset.splitsAreEqual, true);
      for (const split of ['train', 'test'] as const) {
        const [batch] = await collect(dataset, { split, batchSize: 9, resolution: 8 });
        assert.deepEqual(batch.names, ['Z.PNG', 'a/c.png', 'a/d/e.png', 'b.png']);
        assert.equal(batch.labels, undefined);
        const expected = new Float32Array(8 * 8 * 3);
        const image = await decodeImage(png);
        preprocessInto(image, { resolution: 8, centralFraction: SLIM_CENTRAL_FRACTION }, expected);
        assert.deepEqual(batch.images.subarray(0, expected.length), expected);
      }
      assert.equal(dataset.count('validation'), 0);
    }));

  it('gives the same batches past broken images, in any order, from worker threads', () =>
    inFolder(async (dir) => {
      const files: Record<string, Buffer | string> = { 'broken.jpg': 'no image' };
      for (let n = 0; n < 7; n++)
        files[`${n}.png`] = await noise(9 + n, 20)
          .png()
          .toBuffer();
      await writeTree(dir, files);
      const dataset = await open(dir);
      const run = (workers: number) => collect(dataset, { batchSize: 3, seed: 4, workers });
      const batches = await run(0);
      assert.deepEqual(
        batches.map(({ shape, labels }) => [shape[0], labels]),
        [
          [3, undefined],
          [3, undefined],
          [1, undefined],
        ],
      );
      assert.deepEqual(await run(2), batches);
    }));

  it('says how many entries are no images', () =>
    inFolder(async (dir) => {
      await writeTree(dir, { '1.png': '', 'a.txt': '', 'b/c.heic': '', '.x.png': '' });
      const reporter = recordingReporter();
      const dataset = await openPlainImages(dir, { reporter });
      assert.equal(dataset.count('test'), 1);
      assert.match(reporter.messages.join('\n'), /Left out 2 entries without/);
      assert.match(reporter.messages.join('\n'), /Left out 1 entry in formats .* \(HEIC\)/);
    }));

  it('refuses a folder without images, and says what is there', () =>
    inFolder(async (dir) => {
      await writeTree(dir, { 'a.heic': '', 'b.heic': '', 'c/d.txt': '' });
      await assert.rejects(open(dir), {
        name: 'UserError',
        message: `Expected images in ${dir} but found the folder c and 2 files (2 .heic).`,
        remedy: 'Put JPEG, PNG, WebP, GIF, TIFF or AVIF files there.',
      });
      await assert.rejects(open(join(dir, 'none')), { message: /there is no such folder/ });
    }));
});

describe('withLabels', () => {
  it('refuses images without classes by their folder and the purpose', () =>
    inFolder(async (dir) => {
      await writeTree(dir, { '1.png': '' });
      const dataset = await open(dir);
      assert.equal(isLabelled(dataset), false);
      assert.throws(() => withLabels(dataset, 'to measure accuracy'), {
        name: 'UserError',
        message: `Expected images with classes to measure accuracy but ${dir} says nothing of what its image shows.`,
        remedy: /a folder of its own .* as the data set "folder", not "images"\.$/,
      });
    }));
});
