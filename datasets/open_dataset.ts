import { UserError } from '../foundation/errors.ts';
import { openCifar10 } from './cifar10/cifar10.ts';
import type { Dataset, LabelledDataset } from './dataset.ts';
import { openFashionMnist } from './fashion_mnist/fashion_mnist.ts';
import { openImageNet } from './imagenet/imagenet.ts';
import { openImageNetRecords } from './imagenet/imagenet_records.ts';
import type { OpenOptions } from './open_options.ts';
import { findRecordShards } from './tfrecord/record_shards.ts';

/** A data set that is nowhere to be fetched was asked for without a folder. */
export class MissingFolderError extends UserError {
  override readonly name = 'MissingFolderError';
}

/** Data sets whose images have classes. */
type LabelledName = 'imagenet' | 'fashion-mnist' | 'cifar10' | 'folder';

const OPENERS: Readonly<Record<string, (options: OpenOptions) => Promise<Dataset>>> = {
  imagenet: async ({ dir, cacheDir, reporter, signal }) => {
    if (dir !== undefined) {
      const shards = await findRecordShards(dir);
      return shards === undefined
        ? openImageNet(dir, reporter)
        : openImageNetRecords(dir, shards, { cacheDir, reporter, signal });
    }
    throw new MissingFolderError('Expected a folder of ImageNet images but received none.', {
      remedy:
        'Its subfolders are named by WordNet id (n02114548/…), or it holds TFRecord files (train-00000-of-01024 …). ImageNet may not be fetched by a program; request it at https://image-net.org.',
    });
  },
  'fashion-mnist': openFashionMnist,
  cifar10: openCifar10,
};

/** The names that openDataset knows. */
export const DATASET_NAMES: readonly string[] = Object.keys(OPENERS);

/**
 * Opens a data set by name (see openImageNet, openImageNetRecords, openFashionMnist, openCifar10).
 *
 * @throws UserError for an unknown name; MissingFolderError for imagenet without `dir`; each reader's own errors
 */
export async function openDataset(
  name: LabelledName,
  options: OpenOptions,
): Promise<LabelledDataset>;
export async function openDataset(name: string, options: OpenOptions): Promise<Dataset>;
export async function openDataset(name: string, options: OpenOptions): Promise<Dataset> {
  if (!DATASET_NAMES.includes(name)) {
    throw new UserError(
      `Expected one of ${DATASET_NAMES.join(', ')} for the data set but received ${name}.`,
    );
  }
  return OPENERS[name](options);
}
