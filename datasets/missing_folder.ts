import { UserError } from '../foundation/errors.ts';
import type { DatasetName } from './dataset_names.ts';

/** A data set that is nowhere to be fetched was asked for without a folder. */
export class MissingFolderError extends UserError {
  override readonly name = 'MissingFolderError';
}

/** What a folder is of, and what lies in it. */
interface Expected {
  readonly of: string;
  readonly remedy: string;
}

/** The data sets that are nowhere to be fetched. */
const EXPECTED = {
  imagenet: {
    of: 'ImageNet images',
    remedy:
      'Its subfolders are named by WordNet id (n02114548/…), or it holds TFRecord files (train-00000-of-01024 …). ImageNet may not be fetched by a program; request it at https://image-net.org.',
  },
  folder: { of: 'class folders', remedy: 'It has a folder for each class: cat/…, dog/….' },
  images: { of: 'images', remedy: 'Subfolders are searched too.' },
} as const satisfies Readonly<Partial<Record<DatasetName, Expected>>>;

const ANY: Expected = { of: 'a data set', remedy: 'What lies in it is recognized.' };

/** A data set that needs a folder. */
export type LocalName = keyof typeof EXPECTED;

export function isLocal(name: string): name is LocalName {
  return Object.hasOwn(EXPECTED, name);
}

/** The data set `name`, or any that would be recognized, was asked for without a folder. */
export function missingFolder(name: LocalName | undefined): MissingFolderError {
  const { of, remedy } = name === undefined ? ANY : EXPECTED[name];
  return new MissingFolderError(`Expected a folder of ${of} but received none.`, { remedy });
}
