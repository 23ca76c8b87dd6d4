import { RECIPE_NAMES } from '../../workflows/quantize/recipe_names.ts';

/** An option of a command with what was given for it; undefined where it was left out. */
export type GivenOption = readonly [option: string, value: string | number | undefined];

/** The words of a command line for the options that were given. */
export function optionWords(given: readonly GivenOption[]): string[] {
  return given.flatMap(([option, value]) => (value === undefined ? [] : [`--${option} ${value}`]));
}

/** The name of a recipe of quantization; FILE stands for one of a file, a path of the machine. */
export function shownRecipe(recipe: string | { readonly name: string }): string {
  const name = typeof recipe === 'string' ? recipe : recipe.name;
  return RECIPE_NAMES.some((known) => known === name) ? name : 'FILE';
}
