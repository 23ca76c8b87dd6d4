import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { DatasetName } from '../../datasets/dataset_names.ts';
import { recognizeDataset } from '../../datasets/recognize_dataset.ts';
import { inFolder } from '../support/in_folder.ts';
import { sharedFolder } from '../support/skip.ts';
import { solid, writeTree } from './support.ts';

const CIFAR10_CLASSES = 'airplane automobile bird cat deer dog frog horse ship truck'.split(' ');
const FASHION = ['train-images-idx3', 'train-labels-idx1', 't10k-images-idx3', 't10k-labels-idx1'];

describe('recognizeDataset', () => {
  const trees: Readonly<Record<string, readonly [DatasetName, readonly string[]]>> = {
    'folders of WordNet ids': ['imagenet', ['n01440764/a.JPEG', 'n02114548/b.JPEG']],
    'such folders within another': ['imagenet', ['images/n01440764/a.JPEG', 'list.txt']],
    'such folders in train/ and val/': [
      'imagenet',
      ['train/n01440764/a.jpg', 'val/n01440764/b.jpg'],
    ],
    'TFRecord files': ['imagenet', ['train-00000-of-00001']],
    'WordNet ids of other classes': ['folder', ['n99999999/a.jpg', 'n01440764/b.jpg']],
    "Fashion-MNIST's files": ['fashion-mnist', FASHION.map((name) => `${name}-ubyte.gz`)],
    "CIFAR-10's binary files": ['cifar10', ['data_batch_1.bin']],
    "CIFAR-10's folder": ['cifar10', ['cifar-10-batches-bin/data_batch_1.bin']],
    "CIFAR-10's tars": ['cifar10', ['train.tar', 'test.tar']],
    'class folders': ['folder', ['cat/1.jpg', 'dog/2.png']],
    'class folders in splits': ['folder', ['train/cat/1.jpg', 'train/dog/2.jpg', 'val/cat/3.jpg']],
    'class folders within another': ['folder', ['photos/cat/1.jpg', 'photos/dog/1.avif']],
    'class folders of deep files': ['folder', ['cat/x/y/1.jpg', 'dog/2.tif']],
    images: ['images', ['1.jpg', 'notes.txt']],
    'images within one folder': ['images', ['photos/1.gif']],
    'images beside one folder': ['images', ['1.jpg', 'more/2.jpg']],
  };
  for (const [what, [expected, files]] of Object.entries(trees)) {
    it(`finds ${expected} by ${what}`, () =>
      inFolder(async (dir) => {
        await writeTree(dir, Object.fromEntries(files.map((file) => [file, ''])));
        assert.equal(await recognizeDataset(dir), expected);
      }));
  }

  for (const [side, expected] of [
    [32, 'cifar10'],
    [64, 'folder'],
  ] as const) {
    it(`takes CIFAR-10's classes for ${expected} where an image has ${side} pixels a side`, () =>
      inFolder(async (dir) => {
        const image = await solid(side, side, 'white').png().toBuffer();
        const files = ['train', 'test'].flatMap((split) =>
          CIFAR10_CLASSES.map((name) => [`${split}/${name}/1.png`, image]),
        );
        await writeTree(dir, Object.fromEntries(files));
        assert.equal(await recognizeDataset(dir), expected);
      }));
  }

  it('finds what lies beside the repository', async function () {
    assert.equal(await recognizeDataset(sharedFolder(this, 'imagenet-samples')), 'imagenet');
    assert.equal(await recognizeDataset(sharedFolder(this, 'cifar-10')), 'cifar10');
  });

  it('says what was found where nothing fits', () =>
    inFolder(async (dir) => {
      await writeTree(dir, {
        'a.txt': '',
        'b.heic': '',
        'c/d.txt': '',
        'cifar-10-binary.tar.gz': '',
      });
      await assert.rejects(recognizeDataset(dir), {
        name: 'UserError',
        message: `Expected a data set in ${dir} but found the folder c and 3 files (1 .txt, 1 .heic, 1 .gz).`,
        remedy: /a folder for each class/,
      });
      assert.equal(await recognizeDataset(join(dir, 'cifar-10-binary.tar.gz')), 'cifar10');
      await assert.rejects(recognizeDataset(join(dir, 'a.txt')), /a file of another kind/);
      await assert.rejects(recognizeDataset(join(dir, 'none')), /there is no such folder/);
    }));
});
