import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AS_PUBLISHED, BEST, OPTION_1, RECIPES } from '../../../quantize/convert/recipe.ts';
import { chooseRecipe } from '../../../workflows/quantize/choose_recipe.ts';
import { RECIPE_DESCRIPTIONS, RECIPE_NAMES } from '../../../workflows/quantize/recipe_names.ts';

describe('chooseRecipe', () => {
  let folder: string;
  const own = { ...BEST, name: 'mine', corrections: [] };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tf8-recipe-'));
  });

  after(() => rm(folder, { recursive: true, force: true }));

  async function file(content: unknown, name = 'mine.json'): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  }

  it('takes a recipe by name, from a file, or as it is', async () => {
    for (const recipe of RECIPES) {
      assert.equal(await chooseRecipe({ recipe: recipe.name }), recipe);
    }
    assert.deepEqual(await chooseRecipe({ recipe: await file(own) }), own);
    assert.deepEqual(await chooseRecipe({ recipe: own }), own);
  });

  it('the names that a command line shows are those of the recipes', () => {
    const names = RECIPES.map(({ name }) => name);
    assert.deepEqual([...RECIPE_NAMES], names);
    assert.deepEqual(Object.keys(RECIPE_DESCRIPTIONS), names);
  });

  it('is the best unless something else is said', async () => {
    assert.equal(await chooseRecipe({}), BEST);
  });

  it('zeroVariance is short for option-1 and as-published', async () => {
    assert.equal(await chooseRecipe({ zeroVariance: 'keep' }), AS_PUBLISHED);
    assert.equal(await chooseRecipe({ zeroVariance: 'mean' }), OPTION_1);
    assert.equal(await chooseRecipe({ zeroVariance: 'mean', recipe: 'option-1' }), OPTION_1);
  });

  it('refuses zeroVariance beside a recipe that says otherwise', async () => {
    await assert.rejects(chooseRecipe({ zeroVariance: 'keep', recipe: 'best' }), {
      name: 'UserError',
      message:
        "Expected one recipe but `zeroVariance: 'keep'` is short for as-published and `recipe` is best",
      remedy: 'Leave `zeroVariance` out.',
    });
  });

  it('names the field of a wrong file, what was expected and what came', async () => {
    const { name: _, ...nameless } = own;
    const wrong = [
      [{ ...own, weights: { ...own.weights, range: 'widest' } }, /: weights\.range: .*"widest"$/],
      [{ ...own, passes: [{ pass: 'magic' }] }, /: passes\.0\.pass: .*"magic"$/],
      [{ ...own, colour: 'red' }, /colour/],
      [nameless, /: name: .*nothing|undefined/],
      ['{', /JSON/],
    ] as const;
    for (const [content, message] of wrong) {
      await assert.rejects(chooseRecipe({ recipe: await file(content) }), {
        name: 'UserError',
        message,
        remedy: /^Start from one that "tf8 recipe NAME" prints/,
      });
    }
    await assert.rejects(chooseRecipe({ recipe: join(folder, 'nowhere.json') }), {
      name: 'UserError',
      message: /nowhere\.json but: there is no such file$/,
    });
  });

  it('refuses another recipe of the name of one that there is', async () => {
    await assert.rejects(chooseRecipe({ recipe: { ...own, name: 'best' } }), {
      name: 'UserError',
      message: /of a name of its own but it is "best"/,
    });
  });

  it('says what a misspelled name may have meant', async () => {
    await assert.rejects(chooseRecipe({ recipe: 'bets' }), {
      name: 'UserError',
      message: /^Expected one of as-published, option-1, .*, best, per-channel or a \.json file/,
      remedy: 'Did you mean best?',
    });
  });
});
