import { stat } from 'node:fs/promises';
import { ImageError } from '../../datasets/images/decode_image.ts';
import { notAFolder } from '../../datasets/images/not_a_folder.ts';
import { isLocal, missingFolder } from '../../datasets/missing_folder.ts';
import { fileSource } from '../../foundation/files/byte_source.ts';
import { errorCode } from '../../foundation/files/file_errors.ts';
import { RECIPE_NAMES } from '../../training/recipes/recipe_names.ts';
import type { OptionName } from '../wording.ts';
import { floatPlace, type ModelPlace, modelPlace } from './model_place.ts';
import { needsFolder } from './needs_folder.ts';

type Given = string | undefined;

/** What a command reads, as far as a look at the disk tells whether it is there. */
export interface Inputs {
  /** TF8 file or float model. */
  readonly model?: Given;
  readonly floatModels?: readonly Given[];
  /** Name or JSON file. */
  readonly recipe?: Given;
  readonly files?: readonly Given[];
  readonly images?: readonly Given[];
  /** Of images, or what a data set is read from instead. */
  readonly folders?: readonly Given[];
  /** The data set that needs one of the folders, or is known for the model if it is not named. */
  readonly dataset?: {
    readonly name: Given;
    readonly folder: Given;
    /** That takes the folder. */
    readonly option: OptionName;
  };
}

/**
 * Refuses what is not there before anything is loaded that the work itself needs.
 * @throws UserError as the work itself would
 */
export async function requireInputs(inputs: Inputs): Promise<void> {
  const {
    model,
    floatModels = [],
    files = [],
    images = [],
    folders = [],
    recipe,
    dataset,
  } = inputs;
  const places: ModelPlace[] = [];
  if (model !== undefined) places.push(await modelPlace(model));
  for (const reference of given(floatModels)) places.push(await floatPlace(reference));
  for (const file of given(files)) await (await fileSource(file)).close();
  for (const image of given(images)) await requireImage(image);
  for (const folder of given(folders)) await requireFolder(folder);
  if (recipe !== undefined) await requireRecipe(recipe);
  if (dataset === undefined || dataset.folder !== undefined) return;
  const [place] = places;
  const known = place?.kind === 'public' ? place.checkpoint.dataset : undefined;
  const name = dataset.name ?? known;
  if (name !== undefined && isLocal(name)) throw needsFolder(missingFolder(name), dataset.option);
}

async function requireRecipe(recipe: string): Promise<void> {
  if (RECIPE_NAMES.some((name) => name === recipe)) return;
  const { openRecipe } = await import('../../training/recipes/open_recipe.ts');
  await openRecipe(recipe);
}

/** Decoding says what else may be wrong with it. */
async function requireImage(path: string): Promise<void> {
  await stat(path).catch((cause: unknown) => {
    if (errorCode(cause) === 'ENOENT')
      throw new ImageError(path, 'there is no such file', { cause });
  });
}

/** A data set's own reader says what else may be wrong with it. */
async function requireFolder(path: string): Promise<void> {
  await stat(path).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') throw notAFolder(path, error);
  });
}

function given(values: readonly Given[]): string[] {
  return values.filter((value) => value !== undefined);
}
