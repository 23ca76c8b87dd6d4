import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DATASET_NAMES } from '../../datasets/dataset_names.ts';
import { openDataset } from '../../datasets/open_dataset.ts';
import { SILENT_REPORTER } from '../../foundation/reporting/reporter.ts';
import { inFolder } from '../support/in_folder.ts';
import { recordingReporter } from '../support/recording_reporter.ts';
import { solid, writeTree } from './support.ts';

const options = { cacheDir: '/nowhere', reporter: SILENT_REPORTER };

describe('openDataset', () => {
  it('opens a data set by name', () =>
    inFolder(async (dir) => {
      await writeTree(dir, { 'n01440764/a.png': await solid(2, 2, 'red').png().toBuffer() });
      assert.equal((await openDataset('imagenet', { ...options, dir })).name, 'imagenet');
      const missing = { ...options, dir: '/no/such/folder' };
      await assert.rejects(openDataset('fashion-mnist', missing), /train-images-idx3-ubyte\.gz/);
      await assert.rejects(openDataset('cifar10', missing), /there is no such folder/);
    }));

  it('refuses an unknown name and lists the known ones', async () => {
    assert.deepEqual(DATASET_NAMES, ['imagenet', 'fashion-mnist', 'cifar10', 'folder', 'images']);
    for (const name of ['mnist', 'toString']) {
      await assert.rejects(openDataset(name, options), {
        name: 'UserError',
        message: `Expected one of imagenet, fashion-mnist, cifar10, folder, images for the data set but received ${name}.`,
      });
    }
  });

  it('opens what lies in a folder without a name, and says what that is', () =>
    inFolder(async (dir) => {
      await writeTree(dir, { 'cat/1.png': '', 'dog/1.png': '' });
      const reporter = recordingReporter();
      assert.equal((await openDataset(undefined, { ...options, reporter, dir })).name, 'folder');
      assert.deepEqual(reporter.messages[0], `Found the data set "folder" in ${dir}`);
      const cats = join(dir, 'cat');
      assert.equal((await openDataset(undefined, { ...options, dir: cats })).name, 'images');
      assert.equal((await openDataset('images', { ...options, dir })).count('test'), 2);
    }));

  it('says what to pass where there is no folder', async () => {
    for (const name of ['folder', 'images', undefined]) {
      await assert.rejects(openDataset(name, options), {
        name: 'MissingFolderError',
        message: /^Expected a folder of .* but received none\.$/,
      });
    }
  });

  it('says what to pass for imagenet without a folder', async () => {
    await assert.rejects(openDataset('imagenet', options), {
      name: 'MissingFolderError',
      message: 'Expected a folder of ImageNet images but received none.',
      remedy: /^Its subfolders are named by WordNet id/,
    });
  });
});
