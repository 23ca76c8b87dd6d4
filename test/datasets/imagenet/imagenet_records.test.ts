import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SkippedImage } from '../../../datasets/dataset.ts';
import { openImageNet } from '../../../datasets/imagenet/imagenet.ts';
import { openDataset } from '../../../datasets/open_dataset.ts';
import { SILENT_REPORTER } from '../../../foundation/reporting/reporter.ts';
import { inFolder } from '../../support/in_folder.ts';
import { collect, noise, solid, writeTree } from '../support.ts';
import { imageExample, writeRecords } from '../tfrecord/support.ts';

const TENCH = 'n01440764';
const GOLDFISH = 'n01443537';

const open = (folder: string) =>
  openDataset('imagenet', {
    dir: folder,
    cacheDir: join(folder, 'cache'),
    reporter: SILENT_REPORTER,
  });

describe('openImageNetRecords', () => {
  it('gives the images, labels and batches that class folders give', () =>
    inFolder(async (folder) => {
      const tench = await noise(50, 40).jpeg().toBuffer();
      const goldfish = await noise(33, 60).jpeg().toBuffer();
      await writeTree(folder, {
        [`folders/${TENCH}/a.jpg`]: tench,
        [`folders/${GOLDFISH}/b.jpg`]: goldfish,
        'records/README': '',
      });
      const shards = join(folder, 'records');
      await writeRecords(join(shards, 'train-00000-of-00002'), [imageExample(1, tench, TENCH)]);
      await writeRecords(join(shards, 'train-00001-of-00002'), [
        imageExample(2, goldfish, GOLDFISH),
      ]);
      const records = await open(shards);
      const folders = await openImageNet(join(folder, 'folders'));
      assert.deepEqual(
        [records.name, records.classNames, records.origin, records.splitsAreEqual],
        [folders.name, folders.classNames, shards, true],
      );
      for (const workers of [0, 1]) {
        const [{ names, ...batch }] = await collect(records, { resolution: 16, workers });
        const [{ names: paths, ...expected }] = await collect(folders, { resolution: 16 });
        assert.deepEqual(batch, expected);
        assert.deepEqual(names, ['train-00000-of-00002:0', 'train-00001-of-00002:0']);
        assert.equal(paths.length, 2);
      }
    }));

  it('reads of files that it has an index of the records of its share only', () =>
    inFolder(async (folder) => {
      const white = await solid(8, 8, 'white').png().toBuffer();
      const names = [0, 1, 2].map((n) => `train-0000${n}-of-00003`);
      for (const name of names) {
        await writeRecords(join(folder, name), [imageExample(1, white), imageExample(2, white)]);
      }
      await open(folder); // leaves the index, as the launcher of workers does
      const again = await open(folder);
      await rm(join(folder, names[0]));
      await rm(join(folder, names[2]));
      const skipped: SkippedImage[] = [];
      const batches = await collect(again, {
        batchSize: 6,
        share: () => [2, 4],
        onSkip: (image) => skipped.push(image),
      });
      assert.deepEqual(
        batches.map((batch) => batch.names),
        [[`${names[1]}:0`, `${names[1]}:1`]],
      );
      assert.deepEqual(skipped, []);
    }));

  it('takes the validation files as the split test', () =>
    inFolder(async (folder) => {
      const white = await solid(8, 8, 'white').png().toBuffer();
      const record = imageExample(1, white);
      await writeRecords(join(folder, 'train-00000-of-00001'), [record, record, record]);
      await writeRecords(join(folder, 'validation-00000-of-00001'), [record]);
      const dataset = await open(folder);
      assert.deepEqual(
        [dataset.count('train'), dataset.count('test'), dataset.count('validation')],
        [3, 1, 0],
      );
      assert.equal(dataset.splitsAreEqual, false);
      const [batch] = await collect(dataset, { split: 'test' });
      assert.deepEqual(batch.names, ['validation-00000-of-00001:0']);
    }));

  it('names records whose image is broken, and fills the batch with the next', () =>
    inFolder(async (folder) => {
      const white = await solid(8, 8, 'white').png().toBuffer();
      await writeRecords(join(folder, 'validation-00000-of-00001'), [
        imageExample(1, 'no image'),
        imageExample(1, white),
      ]);
      const skipped: SkippedImage[] = [];
      const onSkip = (image: SkippedImage) => skipped.push(image);
      const batches = await collect(await open(folder), { split: 'train', onSkip });
      assert.deepEqual(
        batches.map(({ names, position }) => ({ names, position })),
        [{ names: ['validation-00000-of-00001:1'], position: 2 }],
      );
      assert.deepEqual(skipped, [
        {
          name: 'validation-00000-of-00001:0',
          reason: 'its content is in no image format that can be read',
        },
      ]);
    }));
});
