/** The names that `openDataset` knows: apart from the readers, so that a list of them loads none. */
export const DATASET_NAMES = ['imagenet', 'fashion-mnist', 'cifar10', 'folder', 'images'] as const;

export type DatasetName = (typeof DATASET_NAMES)[number];
