import { RECIPE_DESCRIPTIONS, RECIPE_NAMES } from '../../training/recipes/recipe_names.ts';
import {
  RECIPE_NAMES as QUANTIZATION_NAMES,
  RECIPE_DESCRIPTIONS as QUANTIZATIONS,
} from '../../workflows/quantize/recipe_names.ts';
import { defineCommand } from '../command.ts';

export const recipeCommand = defineCommand({
  command: 'recipe [name]',
  describe:
    'The recipes of training and of quantization, or one of them as JSON: to change and pass as --recipe FILE',
  options: (yargs) =>
    yargs.positional('name', {
      type: 'string',
      describe: `Recipe: ${[...RECIPE_NAMES, ...QUANTIZATION_NAMES].join(', ')}, or a JSON file of training, which is checked`,
    }),
  examples: [
    ['recipe', 'the recipes there are'],
    ['recipe finetune > mine.json', 'one to change'],
    ['recipe best > mine.json', 'one of quantization to change'],
  ],
  run: async ({ name }) => {
    if (name === undefined) return { recipes: RECIPE_DESCRIPTIONS, quantization: QUANTIZATIONS };
    if (QUANTIZATION_NAMES.some((known) => known === name)) {
      const { openRecipe } = await import('../../workflows/quantize/choose_recipe.ts');
      return openRecipe(name);
    }
    const { openRecipe } = await import('../../training/recipes/open_recipe.ts');
    return openRecipe(name);
  },
  show: (result) =>
    'recipes' in result
      ? `training:\n${list(result.recipes)}\n\nquantization:\n${list(result.quantization)}`
      : JSON.stringify(result, null, 2),
});

function list(recipes: Readonly<Record<string, string>>): string {
  const width = Math.max(...Object.keys(recipes).map((name) => name.length));
  return Object.entries(recipes)
    .map(([name, description]) => `${name.padEnd(width)}  ${description}`)
    .join('\n');
}
