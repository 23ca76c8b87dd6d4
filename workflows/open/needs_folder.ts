import type { MissingFolderError } from '../../datasets/missing_folder.ts';
import { UserError } from '../../foundation/errors.ts';
import { type OptionName, option } from '../wording.ts';

/** The same error with the option that takes the folder. */
export function needsFolder(error: MissingFolderError, name: OptionName): UserError {
  return new UserError(error.message, {
    remedy: `Pass one as ${option(name, 'DIR')}. ${error.remedy}`,
    cause: error,
  });
}
