import type { LabelledDataset } from '../../datasets/dataset.ts';
import { withLabels } from '../../datasets/labels.ts';
import { MissingFolderError, openDataset } from '../../datasets/open_dataset.ts';
import { UserError } from '../../foundation/errors.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { type OptionName, option } from '../wording.ts';

/**
 * Opens a data set for a workflow.
 * @param dir the value of the option `name`, such as `data`
 * @throws UserError that names the option where the data set needs a folder; openDataset's errors
 */
export async function openData(
  dataset: string,
  dir: string | undefined,
  name: OptionName,
  context: Context,
): Promise<LabelledDataset> {
  try {
    const opened = await openDataset(dataset, { ...context, ...(dir !== undefined && { dir }) });
    return withLabels(opened, `for ${option(name)}`);
  } catch (error) {
    if (!(error instanceof MissingFolderError)) throw error;
    throw new UserError(error.message, {
      remedy: `Pass one as ${option(name, 'DIR')}. ${error.remedy}`,
      cause: error,
    });
  }
}
