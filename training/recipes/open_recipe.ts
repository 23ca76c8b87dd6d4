import { readFile } from 'node:fs/promises';
import { messageOf, UserError } from '../../foundation/errors.ts';
import { errorCode } from '../../foundation/files/file_errors.ts';
import { issueLines } from '../../foundation/issues.ts';
import { nearest } from '../../foundation/nearest.ts';
import { type Recipe, recipeSchema } from './recipe.ts';
import { RECIPE_NAMES } from './recipe_names.ts';
import { RECIPES } from './recipes.ts';

/**
 * A recipe by its name, or from a JSON file (a path that ends in ".json").
 * @throws UserError for an unknown name and a file that is missing or holds no recipe
 */
export async function openRecipe(nameOrPath: string): Promise<Recipe> {
  if (nameOrPath.endsWith('.json')) return readRecipe(nameOrPath);
  const recipe = RECIPES.find(({ name }) => name === nameOrPath);
  if (recipe !== undefined) return recipe;
  const meant = nearest(nameOrPath, RECIPE_NAMES);
  throw new UserError(
    `Expected one of ${RECIPE_NAMES.join(', ')} or a .json file for the recipe but received "${nameOrPath}"`,
    meant === undefined ? {} : { remedy: `Did you mean ${meant}?` },
  );
}

async function readRecipe(path: string): Promise<Recipe> {
  const remedy = `Take what the card of a trained model says under "training": "recipe", or one of ${RECIPE_NAMES.join(', ')}.`;
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    const reason = errorCode(error) === 'ENOENT' ? 'there is no such file' : messageOf(error);
    throw new UserError(`Expected a recipe in ${path} but: ${reason}`, { remedy, cause: error });
  }
  const parsed = recipeSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const mistakes = issueLines(parsed.error, value);
  throw new UserError(
    mistakes.length === 1
      ? `Expected a recipe in ${path} but: ${mistakes[0]}`
      : `Expected a recipe in ${path} but it has ${mistakes.length} mistakes:\n${mistakes.map((mistake) => `  ${mistake}`).join('\n')}`,
    { remedy },
  );
}
