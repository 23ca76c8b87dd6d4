import { stat } from 'node:fs/promises';
import { UserError } from '../foundation/errors.ts';
import { isCifar10 } from './cifar10/cifar10.ts';
import type { DatasetName } from './dataset_names.ts';
import { isFashionMnist } from './fashion_mnist/fashion_mnist.ts';
import { findClassLayout } from './folder/class_layout.ts';
import { describeFolder } from './folder/describe_folder.ts';
import { isImageNet } from './imagenet/imagenet.ts';
import { holdsImages } from './images/find_images.ts';
import { subfolders } from './images/image_files.ts';
import { findRecordShards } from './tfrecord/record_shards.ts';

/** What tells a data set, the more special first. */
const RECOGNIZERS: readonly (readonly [DatasetName, (dir: string) => Promise<boolean>])[] = [
  ['imagenet', async (dir) => (await findRecordShards(dir)) !== undefined || isImageNet(dir)],
  ['fashion-mnist', isFashionMnist],
  ['cifar10', isCifar10],
  ['folder', async (dir) => (await findClassLayout(dir)) !== undefined],
  ['images', holdsImages],
];

/**
 * Tells which data set lies at `path`: ImageNet by its TFRecord files or by folders that are all named
 * by its WordNet ids, Fashion-MNIST and CIFAR-10 by their files, class folders (see findClassLayout), or
 * else a folder of images.
 *
 * @throws UserError that says what was found where it is none of these, or cannot be listed
 */
export async function recognizeDataset(path: string): Promise<DatasetName> {
  if ((await stat(path).catch(() => undefined))?.isFile()) {
    if (await isCifar10(path)) return 'cifar10';
    throw new UserError(`Expected a data set at ${path} but it is a file of another kind.`, {
      remedy: 'Pass the folder of the images.',
    });
  }
  await subfolders(path); // Refuses what is no folder.
  for (const [name, isIt] of RECOGNIZERS) if (await isIt(path)) return name;
  throw new UserError(`Expected a data set in ${path} but found ${await describeFolder(path)}.`, {
    remedy:
      "Pass a folder of images, one that has a folder for each class, or that of ImageNet's, Fashion-MNIST's or CIFAR-10's files.",
  });
}
