import { UserError } from '../foundation/errors.ts';
import { openCifar10 } from './cifar10/cifar10.ts';
import type { Dataset } from './dataset.ts';
import { DATASET_NAMES, type DatasetName } from './dataset_names.ts';
import { openFashionMnist } from './fashion_mnist/fashion_mnist.ts';
import { openImageNet } from './imagenet/imagenet.ts';
import { openImageNetRecords } from './imagenet/imagenet_records.ts';
import { missingImageNet } from './missing_folder.ts';
import type { OpenOptions } from './open_options.ts';
import { findRecordShards } from './tfrecord/record_shards.ts';

const OPENERS = {
  imagenet: async ({ dir, cacheDir, reporter, signal }: OpenOptions) => {
    if (dir !== undefined) {
      const shards = await findRecordShards(dir);
      return shards === undefined
        ? openImageNet(dir, reporter)
        : openImageNetRecords(dir, shards, { cacheDir, reporter, signal });
    }
    throw missingImageNet();
  },
  'fashion-mnist': openFashionMnist,
  cifar10: openCifar10,
} as const satisfies Record<DatasetName, (options: OpenOptions) => Promise<Dataset>>;

/**
 * Opens a data set by name (see openImageNet, openImageNetRecords, openFashionMnist, openCifar10).
 *
 * @throws UserError for an unknown name; MissingFolderError for imagenet without `dir`; each reader's own errors
 */
export async function openDataset(name: string, options: OpenOptions): Promise<Dataset> {
  const known = DATASET_NAMES.find((candidate) => candidate === name);
  if (known !== undefined) return OPENERS[known](options);
  throw new UserError(
    `Expected one of ${DATASET_NAMES.join(', ')} for the data set but received ${name}.`,
  );
}
