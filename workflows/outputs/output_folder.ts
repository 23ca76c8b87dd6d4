import { lstatSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../foundation/errors.ts';
import { makeWritableFolder } from '../../foundation/files/writable_folder.ts';
import { option } from '../wording.ts';
import { requireOutputFiles } from './output_files.ts';
import { holdsCheckpoints, holdsMetrics, WATCHED } from './training_files.ts';

export interface ModelFolderRules {
  /** What is read: paths of models, and names of public checkpoints. */
  readonly inputs: readonly string[];
  /** Whether a model that lies in the folder is replaced. */
  readonly overwrite?: boolean | undefined;
  /** Folders in it that get a model of their own. */
  readonly within?: readonly string[] | undefined;
  /** The same of models that the work only passes through: one that tf8 stored is replaced. */
  readonly intermediate?: readonly string[] | undefined;
  /** Whether the caller looks at the checkpoints in the folder itself: those say whose the models are. */
  readonly checkpointed?: boolean | undefined;
}

/** In a model folder: what every program that reads tfjs' models looks for. */
const MODEL_JSON = 'model.json';

/**
 * Finds out before the work whether a model, with what a training stores beside it, can be stored in the
 * folder `dir`, which is made where it is missing.
 * @throws UserError where it holds a finished model, or a file of another program, that is not to be
 *   overwritten, or one of the inputs; where it is no folder or cannot be written to
 */
export async function requireModelFolder(dir: string, rules: ModelFolderRules): Promise<void> {
  const { inputs, overwrite, within = [], intermediate = [], checkpointed = false } = rules;
  await makeWritableFolder(dir);
  const isTraining = checkpointed && (await holdsCheckpoints(dir));
  const models = ['', ...within].map((folder) => ({
    path: join(dir, folder, MODEL_JSON),
    isOurs: async () => isTraining,
  }));
  const passed = intermediate.map((folder) => ({
    path: join(dir, folder, MODEL_JSON),
    // With what reads a model's card, which most commands need not ask for.
    isOurs: async (file: string) => (await import('./our_files.ts')).isOurModel(file),
  }));
  const watched = [WATCHED.metrics, WATCHED.curve].map((name) => ({
    path: join(dir, name),
    isOurs: async () => isTraining || (await holdsMetrics(dir)),
  }));
  // A folder that is not there needs none of its own yet.
  const files = [...models, ...passed, ...(checkpointed ? watched : [])].filter(({ path }) =>
    isThere(path),
  );
  await requireOutputFiles(files, { inputs, overwrite });
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

/** Also a link that leads nowhere. */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
