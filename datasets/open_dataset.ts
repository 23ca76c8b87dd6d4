import { UserError } from '../foundation/errors.ts';
import { openCifar10 } from './cifar10/cifar10.ts';
import type { Dataset, LabelledDataset } from './dataset.ts';
import { DATASET_NAMES, type DatasetName } from './dataset_names.ts';
import { openFashionMnist } from './fashion_mnist/fashion_mnist.ts';
import { openClassFolders } from './folder/class_folders.ts';
import { openPlainImages } from './folder/plain_images.ts';
import { openImageNet } from './imagenet/imagenet.ts';
import { openImageNetRecords } from './imagenet/imagenet_records.ts';
import { type LocalName, missingFolder } from './missing_folder.ts';
import type { OpenOptions } from './open_options.ts';
import { recognizeDataset } from './recognize_dataset.ts';
import { findRecordShards } from './tfrecord/record_shards.ts';

/** Openers of data sets whose images have classes. */
const LABELLED = {
  imagenet: async (options: OpenOptions): Promise<LabelledDataset> => {
    const { cacheDir, reporter, signal } = options;
    const dir = folderOf(options, 'imagenet');
    const shards = await findRecordShards(dir);
    return shards === undefined
      ? openImageNet(dir, reporter)
      : openImageNetRecords(dir, shards, { cacheDir, reporter, signal });
  },
  'fashion-mnist': openFashionMnist,
  cifar10: openCifar10,
  folder: async (options: OpenOptions): Promise<LabelledDataset> =>
    openClassFolders(folderOf(options, 'folder'), options),
};

const OPENERS = {
  ...LABELLED,
  images: async (options: OpenOptions): Promise<Dataset> =>
    openPlainImages(folderOf(options, 'images'), options),
} as const satisfies Readonly<Record<DatasetName, unknown>>;

/**
 * Opens a data set by name (see openImageNet, openImageNetRecords, openFashionMnist, openCifar10,
 * openClassFolders, openPlainImages), or without one what lies in the folder `options.dir` (see
 * recognizeDataset), which the reporter tells.
 *
 * @throws UserError for an unknown name, or a folder that is none of these; MissingFolderError where
 *   there is no folder and nothing to be fetched; each reader's own errors
 */
export async function openDataset(
  name: keyof typeof LABELLED,
  options: OpenOptions,
): Promise<LabelledDataset>;
export async function openDataset(name: string | undefined, options: OpenOptions): Promise<Dataset>;
export async function openDataset(
  name: string | undefined,
  options: OpenOptions,
): Promise<Dataset> {
  if (name === undefined) return openFound(options);
  const known = DATASET_NAMES.find((datasetName) => datasetName === name);
  if (known === undefined) {
    throw new UserError(
      `Expected one of ${DATASET_NAMES.join(', ')} for the data set but received ${name}.`,
    );
  }
  return OPENERS[known](options);
}

async function openFound(options: OpenOptions): Promise<Dataset> {
  const dir = folderOf(options, undefined);
  const name = await recognizeDataset(dir);
  options.reporter.info(`Found the data set "${name}" in ${dir}`);
  return OPENERS[name](options);
}

function folderOf({ dir }: OpenOptions, name: LocalName | undefined): string {
  if (dir === undefined) throw missingFolder(name);
  return dir;
}
