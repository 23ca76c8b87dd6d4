import { UserError } from '../foundation/errors.ts';
import { openCifar10 } from './cifar10/cifar10.ts';
import type { Dataset, DatasetName, LabelledDataset } from './dataset.ts';
import { openFashionMnist } from './fashion_mnist/fashion_mnist.ts';
import { openClassFolders } from './folder/class_folders.ts';
import { openPlainImages } from './folder/plain_images.ts';
import { openImageNet } from './imagenet/imagenet.ts';
import { openImageNetRecords } from './imagenet/imagenet_records.ts';
import type { OpenOptions } from './open_options.ts';
import { recognizeDataset } from './recognize_dataset.ts';
import { findRecordShards } from './tfrecord/record_shards.ts';

/** A data set that is nowhere to be fetched was asked for without a folder. */
export class MissingFolderError extends UserError {
  override readonly name = 'MissingFolderError';
}

const REQUEST_IMAGENET =
  'Its subfolders are named by WordNet id (n02114548/…), or it holds TFRecord files (train-00000-of-01024 …). ImageNet may not be fetched by a program; request it at https://image-net.org.';

/** Openers of data sets whose images have classes. */
const LABELLED = {
  imagenet: async (options: OpenOptions): Promise<LabelledDataset> => {
    const { cacheDir, reporter, signal } = options;
    const dir = folderOf(options, 'of ImageNet images', REQUEST_IMAGENET);
    const shards = await findRecordShards(dir);
    return shards === undefined
      ? openImageNet(dir, reporter)
      : openImageNetRecords(dir, shards, { cacheDir, reporter, signal });
  },
  'fashion-mnist': openFashionMnist,
  cifar10: openCifar10,
  folder: async (options: OpenOptions): Promise<LabelledDataset> =>
    openClassFolders(
      folderOf(options, 'of class folders', 'It has a folder for each class: cat/…, dog/….'),
      options,
    ),
};

const OPENERS = {
  ...LABELLED,
  images: async (options: OpenOptions): Promise<Dataset> =>
    openPlainImages(folderOf(options, 'of images', 'Subfolders are searched too.'), options),
} as const satisfies Readonly<Record<DatasetName, unknown>>;

/** The names that openDataset knows. */
export const DATASET_NAMES = Object.keys(OPENERS) as readonly DatasetName[];

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
  const dir = folderOf(options, 'of a data set', 'What lies in it is recognized.');
  const name = await recognizeDataset(dir);
  options.reporter.info(`Found the data set "${name}" in ${dir}`);
  return OPENERS[name](options);
}

function folderOf({ dir }: OpenOptions, of: string, remedy: string): string {
  if (dir !== undefined) return dir;
  throw new MissingFolderError(`Expected a folder ${of} but received none.`, { remedy });
}
