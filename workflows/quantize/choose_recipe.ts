import { readFile } from 'node:fs/promises';
import type { ZeroVariancePolicy } from '../../architectures/graph/fold_batch_norm.ts';
import { messageOf, UserError } from '../../foundation/errors.ts';
import { errorCode } from '../../foundation/files/file_errors.ts';
import { issueLines } from '../../foundation/issues.ts';
import { nearest } from '../../foundation/nearest.ts';
import { AS_PUBLISHED, OPTION_1, RECIPES, type Recipe } from '../../quantize/convert/recipe.ts';
import { RecipeSchema } from '../../quantize/convert/recipe_schema.ts';
import { isSameRecipe } from '../../quantize/model/recipe_of.ts';
import { option } from '../wording.ts';
import { CONVERSION_DEFAULTS, type ConversionOptions } from './conversion.ts';

const NAMES = RECIPES.map(({ name }) => name);

/** The recipe that each policy is short for. */
export const SHORT_RECIPES: Readonly<Record<ZeroVariancePolicy, Recipe>> = {
  keep: AS_PUBLISHED,
  mean: OPTION_1,
};

/**
 * The recipe that the options ask for: a named one, one of a JSON file or of the caller's, what
 * `zeroVariance` is short for, or the default one.
 * @throws UserError for an unknown name, a file that is missing or holds no recipe, and where
 *   `zeroVariance` says otherwise than the recipe
 */
export async function chooseRecipe({
  recipe,
  zeroVariance,
}: Pick<ConversionOptions, 'recipe' | 'zeroVariance'>): Promise<Recipe> {
  const short = zeroVariance === undefined ? undefined : SHORT_RECIPES[zeroVariance];
  if (recipe === undefined) return short ?? openRecipe(CONVERSION_DEFAULTS.recipe);
  const chosen = typeof recipe === 'string' ? await openRecipe(recipe) : checked(recipe);
  if (short === undefined || isSameRecipe(short, chosen)) return chosen;
  throw new UserError(
    `Expected one recipe but ${option('zeroVariance', zeroVariance)} is short for ${short.name} and ${option('recipe')} is ${chosen.name}`,
    { remedy: `Leave ${option('zeroVariance')} out.` },
  );
}

/**
 * A recipe of quantization by its name, or from a JSON file.
 * @throws UserError for an unknown name and a file that is missing or holds no recipe
 */
export async function openRecipe(nameOrPath: string): Promise<Recipe> {
  const named = RECIPES.find(({ name }) => name === nameOrPath);
  if (named !== undefined) return named;
  if (/\.json$|[\\/]/.test(nameOrPath)) return readRecipe(nameOrPath);
  const meant = nearest(nameOrPath, NAMES);
  throw new UserError(
    `Expected one of ${NAMES.join(', ')} or a .json file for the recipe of quantization but received "${nameOrPath}"`,
    meant === undefined ? {} : { remedy: `Did you mean ${meant}?` },
  );
}

async function readRecipe(path: string): Promise<Recipe> {
  const remedy = `Start from one that "tf8 recipe NAME" prints: ${NAMES.join(', ')}.`;
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    const reason = errorCode(error) === 'ENOENT' ? 'there is no such file' : messageOf(error);
    throw new UserError(`Expected a recipe of quantization in ${path} but: ${reason}`, {
      remedy,
      cause: error,
    });
  }
  return parsed(value, `a recipe of quantization in ${path}`, remedy);
}

/** A program's own recipe. */
function checked(recipe: Recipe): Recipe {
  return parsed(recipe, 'a recipe of quantization', `Start from ${NAMES.join(', ')}.`);
}

function parsed(value: unknown, expected: string, remedy: string): Recipe {
  const parsed = RecipeSchema.safeParse(value);
  if (parsed.success) return withOwnName(parsed.data, expected);
  const mistakes = issueLines(parsed.error, value);
  throw new UserError(
    mistakes.length === 1
      ? `Expected ${expected} but: ${mistakes[0]}`
      : `Expected ${expected} but it has ${mistakes.length} mistakes:\n${mistakes.map((mistake) => `  ${mistake}`).join('\n')}`,
    { remedy },
  );
}

/** Names tell recipes apart in figures and files. */
function withOwnName(recipe: Recipe, expected: string): Recipe {
  const named = RECIPES.find(({ name }) => name === recipe.name);
  if (named === undefined || isSameRecipe(named, recipe)) return recipe;
  throw new UserError(
    `Expected ${expected} of a name of its own but it is "${recipe.name}" and another recipe than that`,
    { remedy: 'Change its "name".' },
  );
}
