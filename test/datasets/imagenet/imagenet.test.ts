import assert from 'node:assert/strict';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { SkippedImage } from '../../../datasets/dataset.ts';
import { openImageNet } from '../../../datasets/imagenet/imagenet.ts';
import { decodeImage } from '../../../datasets/images/decode_image.ts';
import { preprocessInto } from '../../../datasets/images/preprocess.ts';
import { SILENT_REPORTER } from '../../../foundation/reporting/reporter.ts';
import { inFolder } from '../../support/in_folder.ts';
import { recordingReporter } from '../../support/recording_reporter.ts';
import { sharedFolder } from '../../support/skip.ts';
import { collect, noise, solid, writeTree } from '../support.ts';

const TENCH = 'n01440764';
const GOLDFISH = 'n01443537';
const WHITE_WOLF = 'n02114548';

describe('openImageNet', () => {
  let white: Buffer;
  let black: Buffer;

  before(async () => {
    white = await solid(8, 6, 'white').png().toBuffer();
    black = await solid(5, 9, 'black').png().toBuffer();
  });

  it('labels images by the index of their folder among the 1000 sorted ids', () =>
    inFolder(async (folder) => {
      await writeTree(folder, {
        [`${WHITE_WOLF}/w.PNG`]: white,
        [`${TENCH}/b.png`]: black,
        [`${GOLDFISH}/g.JPEG`]: await noise(20, 10).jpeg().toBuffer(),
      });
      const dataset = await openImageNet(folder);
      assert.equal(dataset.name, 'imagenet');
      assert.equal(dataset.origin, folder);
      assert.equal(dataset.classNames.length, 1000);
      assert.equal(dataset.count('test'), 3);
      const [first, second, ...rest] = await collect(dataset);
      assert.deepEqual(rest, []);
      assert.deepEqual(first.shape, [2, 2, 2, 3]);
      assert.deepEqual(first.names, [`${TENCH}/b.png`, `${GOLDFISH}/g.JPEG`]);
      assert.deepEqual([...first.labels], [0, 1]);
      assert.deepEqual(second.shape, [1, 2, 2, 3]);
      assert.deepEqual([...second.labels], [270]);
      assert.deepEqual([...second.images], new Array(12).fill(1));
      assert.deepEqual([...first.images.subarray(0, 12)], new Array(12).fill(-1));
    }));

  it("preprocesses as slim's evaluation", () =>
    inFolder(async (folder) => {
      const jpeg = await noise(50, 40).jpeg().toBuffer();
      await writeTree(folder, { [`${TENCH}/a.jpg`]: jpeg });
      const expected = new Float32Array(16 * 16 * 3);
      preprocessInto(await decodeImage(jpeg), { resolution: 16, centralFraction: 0.875 }, expected);
      const [batch] = await collect(await openImageNet(folder), { resolution: 16 });
      assert.deepEqual(batch.images, expected);
    }));

  for (const inner of ['images', 'train', 'val', 'anything']) {
    it(`takes class folders from the only subfolder that holds some (${inner}), for both splits`, () =>
      inFolder(async (folder) => {
        await writeTree(folder, {
          [`${inner}/${TENCH}/a.png`]: white,
          'annotations/tench.xml': '',
          '.hidden/n00000000/a.png': white,
          'README.txt': '',
        });
        const dataset = await openImageNet(folder);
        for (const split of ['train', 'test'] as const) {
          const [batch] = await collect(dataset, { split });
          assert.deepEqual(batch.names, [`${inner}/${TENCH}/a.png`]);
        }
      }));
  }

  for (const test of ['val', 'Validation', 'test']) {
    it(`takes train/ and ${test}/ as the two splits`, () =>
      inFolder(async (folder) => {
        await writeTree(folder, {
          [`train/${TENCH}/a.png`]: white,
          [`train/${TENCH}/b.png`]: white,
          [`${test}/${TENCH}/c.png`]: white,
        });
        const dataset = await openImageNet(folder);
        assert.deepEqual([dataset.count('train'), dataset.count('test')], [2, 1]);
      }));
  }

  it('follows links to class folders and to images', () =>
    inFolder(async (folder) => {
      await writeTree(folder, { 'store/wolf/a.png': white, 'store/b.png': black });
      await mkdir(join(folder, 'set', TENCH), { recursive: true });
      await symlink(join(folder, 'store/wolf'), join(folder, 'set', WHITE_WOLF));
      await symlink(join(folder, 'store/b.png'), join(folder, 'set', TENCH, 'b.png'));
      const [batch] = await collect(await openImageNet(join(folder, 'set')));
      assert.deepEqual(batch.names, [`${TENCH}/b.png`, `${WHITE_WOLF}/a.png`]);
    }));

  it('has the same fingerprint wherever the images lie, and another for other images', () =>
    inFolder(async (folder) => {
      await writeTree(folder, {
        [`a/${TENCH}/x.png`]: white,
        [`b/images/${TENCH}/x.png`]: white,
        [`c/${TENCH}/x.png`]: black,
        [`d/${GOLDFISH}/x.png`]: white,
      });
      const [a, b, c, d] = await Promise.all(
        ['a', 'b', 'c', 'd'].map(
          async (name) => (await openImageNet(join(folder, name))).fingerprint,
        ),
      );
      assert.match(a, /^[0-9a-f]{64}$/);
      assert.equal(a, b);
      assert.equal(new Set([a, c, d]).size, 3);
    }));

  it('gives the same batches for the same seed, and every image once for any seed', () =>
    inFolder(async (folder) => {
      const names = Array.from({ length: 9 }, (_, i) => `${TENCH}/${i}.png`);
      await writeTree(folder, Object.fromEntries(names.map((name) => [name, white])));
      const dataset = await openImageNet(folder);
      const order = async (seed: number) =>
        (await collect(dataset, { seed })).flatMap((batch) => batch.names);
      assert.deepEqual(await order(1), await order(1));
      assert.notDeepEqual(await order(1), await order(2));
      assert.deepEqual((await order(3)).toSorted(), names);
    }));

  it('names broken images, leaves them out and fills the batch with the next', () =>
    inFolder(async (folder) => {
      await writeTree(folder, {
        [`${TENCH}/1.jpg`]: 'no image',
        [`${TENCH}/2.png`]: white,
        [`${TENCH}/3.jpg`]: '',
        [`${TENCH}/4.png`]: black,
        [`${TENCH}/6.png`]: white,
      });
      await mkdir(join(folder, TENCH, '0.png'));
      await symlink(join(folder, 'gone'), join(folder, TENCH, '5.jpeg'));
      const skipped: SkippedImage[] = [];
      const dataset = await openImageNet(folder);
      const onSkip = (image: SkippedImage) => skipped.push(image);
      const batches = await collect(dataset, { onSkip });
      assert.equal(dataset.count('test'), 7);
      assert.deepEqual(
        batches.map(({ names }) => names),
        [[`${TENCH}/2.png`, `${TENCH}/4.png`], [`${TENCH}/6.png`]],
      );
      assert.deepEqual(skipped, [
        { name: `${TENCH}/0.png`, reason: 'it is a folder' },
        { name: `${TENCH}/1.jpg`, reason: 'its content is in no image format that can be read' },
        { name: `${TENCH}/3.jpg`, reason: 'the file is empty' },
        { name: `${TENCH}/5.jpeg`, reason: 'there is no such file' },
      ]);
      const limited = await collect(dataset, { limit: 3 });
      assert.equal(
        limited.flatMap(({ names }) => names).length,
        1,
        'the limit counts broken images',
      );
    }));

  it('gives no batch where every image is broken', () =>
    inFolder(async (folder) => {
      await writeTree(folder, { [`${TENCH}/1.jpg`]: 'no image' });
      assert.deepEqual(await collect(await openImageNet(folder)), []);
    }));

  it('warns once of files without an image extension', () =>
    inFolder(async (folder) => {
      await writeTree(folder, {
        [`${TENCH}/a.webp`]: await solid(2, 2, 'red').webp().toBuffer(),
        [`${TENCH}/notes.txt`]: '',
        [`${GOLDFISH}/sub/a.png`]: white,
      });
      const reporter = recordingReporter();
      assert.equal((await openImageNet(folder, reporter)).count('test'), 1);
      assert.deepEqual(reporter.messages, [
        `Left out 2 entries without an image's extension, such as ${TENCH}/notes.txt`,
      ]);
    }));

  it('warns once of folders beside the class folders that are none', () =>
    inFolder(async (folder) => {
      await writeTree(folder, {
        [`images/${TENCH}/a.png`]: white,
        'images/cats/a.png': white,
        'images/dogs/a.png': white,
        '.hidden/a.png': white,
      });
      const reporter = recordingReporter();
      assert.equal((await openImageNet(folder, reporter)).count('test'), 1);
      assert.deepEqual(reporter.messages, [
        `Left out 2 folders of ${join(folder, 'images')} not named by WordNet id: cats, dogs`,
      ]);
    }));

  const refusals: readonly (readonly [string, Record<string, string>, RegExp])[] = [
    ['an empty folder', {}, /Expected ImageNet's class folders in .* but found no folders/],
    [
      'a folder without class folders',
      { 'cats/a.png': '', 'dogs/a.png': '' },
      /but found the folders cats, dogs\.$/,
    ],
    [
      'several sets of class folders',
      { [`a/${TENCH}/x.png`]: '', [`b/${TENCH}/x.png`]: '' },
      /Expected one set of class folders, or train\/ and val\/, in .* but found sets in a, b\.$/,
    ],
    ['an unknown class', { 'n99999999/a.png': '' }, /found the folder n99999999, which is none/],
    [
      'class folders without images',
      { [`${TENCH}/a.txt`]: '' },
      /in the 1 class folders of .* none/,
    ],
  ];
  for (const [what, files, message] of refusals) {
    it(`refuses ${what}`, () =>
      inFolder(async (folder) => {
        await writeTree(folder, files);
        await assert.rejects(openImageNet(folder), { name: 'UserError', message });
      }));
  }

  it('names only five of many folders', () =>
    inFolder(async (folder) => {
      for (let i = 0; i < 7; i++) await mkdir(join(folder, `f${i}`));
      await assert.rejects(openImageNet(folder), /the folders f0, f1, f2, f3, f4 and 2 more\.$/);
    }));

  it('refuses a missing folder and a file', () =>
    inFolder(async (folder) => {
      await writeTree(folder, { file: '' });
      await assert.rejects(openImageNet(join(folder, 'none')), {
        name: 'UserError',
        message: /Expected a folder of images at .*none but there is no such folder\./,
      });
      await assert.rejects(openImageNet(join(folder, 'file')), /file but it is a file\./);
    }));

  it('refuses a batch size or resolution that is no positive integer', () =>
    inFolder(async (folder) => {
      await writeTree(folder, { [`${TENCH}/a.png`]: white });
      const dataset = await openImageNet(folder);
      await assert.rejects(collect(dataset, { batchSize: 0 }), /for batchSize but received 0/);
      await assert.rejects(
        collect(dataset, { resolution: 1.5 }),
        /for resolution but received 1.5/,
      );
    }));

  it('reads the sample photographs without skipping any', async function () {
    const dataset = await openImageNet(sharedFolder(this, 'imagenet-samples'), SILENT_REPORTER);
    assert.equal(dataset.count('test'), 500);
    const skipped: SkippedImage[] = [];
    const onSkip = (image: SkippedImage) => skipped.push(image);
    const batches = await collect(dataset, {
      resolution: 32,
      batchSize: 64,
      limit: 100,
      seed: 1,
      onSkip,
    });
    assert.deepEqual(skipped, []);
    assert.deepEqual(
      batches.map(({ shape }) => shape[0]),
      [64, 36],
    );
    for (const { images } of batches) assert.ok(images.every((value) => value >= -1 && value <= 1));
  });
});
