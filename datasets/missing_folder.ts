import { UserError } from '../foundation/errors.ts';

/** A data set that is nowhere to be fetched was asked for without a folder. */
export class MissingFolderError extends UserError {
  override readonly name = 'MissingFolderError';
}

/** ImageNet was asked for without a folder. */
export function missingImageNet(): MissingFolderError {
  return new MissingFolderError('Expected a folder of ImageNet images but received none.', {
    remedy:
      'Its subfolders are named by WordNet id (n02114548/…), or it holds TFRecord files (train-00000-of-01024 …). ImageNet may not be fetched by a program; request it at https://image-net.org.',
  });
}
