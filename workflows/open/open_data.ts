import type { Dataset } from '../../datasets/dataset.ts';
import { MissingFolderError, openDataset } from '../../datasets/open_dataset.ts';
import { UserError } from '../../foundation/errors.ts';
import type { Context } from '../../foundation/reporting/context.ts';

/**
 * Opens a data set for a command.
 * @param dir the value of `option`, such as "--data"
 * @throws UserError that names `option` where the data set needs a folder; openDataset's errors
 */
export async function openData(
  name: string,
  dir: string | undefined,
  option: string,
  context: Context,
): Promise<Dataset> {
  try {
    return await openDataset(name, { ...context, ...(dir !== undefined && { dir }) });
  } catch (error) {
    if (!(error instanceof MissingFolderError)) throw error;
    throw new UserError(error.message, {
      remedy: `Pass one as ${option} DIR. ${error.remedy}`,
      cause: error,
    });
  }
}
