import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../foundation/errors.ts';
import { makeWritableFolder } from '../../foundation/files/writable_folder.ts';
import { option } from '../wording.ts';
import { requireOutputFiles } from './output_files.ts';

export interface ModelFolderRules {
  /** What is read: paths of models, and names of public checkpoints. */
  readonly inputs: readonly string[];
  /** Whether a model that lies in the folder is replaced. */
  readonly overwrite?: boolean | undefined;
  /** Whether the caller looks at the checkpoints in the folder itself: those say whose the model is. */
  readonly checkpointed?: boolean | undefined;
}

/** In a model folder: what every program that reads tfjs' models looks for. */
const MODEL_JSON = 'model.json';

/** In the folder of a training. */
export const CHECKPOINTS = 'checkpoints';

/**
 * Finds out before the work whether a model can be stored in the folder `dir`, which is made where it
 * is missing.
 * @throws UserError where it holds a finished model that is not to be overwritten, or one of the
 *   inputs; where it is no folder or cannot be written to
 */
export async function requireModelFolder(
  dir: string,
  { inputs, overwrite = false, checkpointed = false }: ModelFolderRules,
): Promise<void> {
  await makeWritableFolder(dir);
  const model = join(dir, MODEL_JSON);
  const isOurs = async () => checkpointed && existsSync(join(dir, CHECKPOINTS));
  await requireOutputFiles([{ path: model, isOurs }], { inputs, overwrite });
}

/**
 * Finds out whether the folder `dir` can be replaced as a whole.
 * @throws UserError where there is something in it that tf8 did not write
 */
export async function requireOwnFolder(
  dir: string,
  isOurs: () => Promise<boolean>,
  overwrite = false,
): Promise<void> {
  const names = await readdir(dir).catch(() => []);
  if (names.length === 0 || overwrite || (await isOurs())) return;
  throw new UserError(
    `Expected no folder ${dir}, or one that tf8 wrote, but it holds ${names[0]}${names.length > 1 ? ` and ${names.length - 1} more` : ''}`,
    { remedy: `Pass another ${option('out')}, or ${option('overwrite', true)} to replace it.` },
  );
}
