import type { LabelledDataset } from '../../datasets/dataset.ts';
import { withLabels } from '../../datasets/labels.ts';
import { MissingFolderError } from '../../datasets/missing_folder.ts';
import { openDataset } from '../../datasets/open_dataset.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { type OptionName, option } from '../wording.ts';
import { needsFolder } from './needs_folder.ts';

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
    throw error instanceof MissingFolderError ? needsFolder(error, name) : error;
  }
}
