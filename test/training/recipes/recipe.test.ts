import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openRecipe } from '../../../training/recipes/open_recipe.ts';
import { overrideRecipe } from '../../../training/recipes/override_recipe.ts';
import { recipeSchema } from '../../../training/recipes/recipe.ts';
import {
  FINETUNE,
  FINETUNE_RMSPROP,
  RECIPES,
  SLIM_IMAGENET,
} from '../../../training/recipes/recipes.ts';
import { inFolder } from '../../support/in_folder.ts';

describe('recipes', () => {
  it('have names of their own', () => {
    assert.equal(new Set(RECIPES.map(({ name }) => name)).size, RECIPES.length);
  });

  for (const recipe of RECIPES) {
    it(`${recipe.name} is a recipe as files hold it, and is found by its name`, async () => {
      assert.deepEqual(recipeSchema.parse(JSON.parse(JSON.stringify(recipe))), recipe);
      assert.equal(await openRecipe(recipe.name), recipe);
    });
  }

  it('an unknown name is refused with the names there are', async () => {
    await assert.rejects(openRecipe('sgd'), {
      name: 'UserError',
      message:
        'Expected one of slim-imagenet, slim-inception, finetune, finetune-rmsprop, distil, quantization-aware, scratch-small, scratch-adam or a .json file for the recipe but received "sgd"',
    });
  });

  it('are read from a JSON file', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'mine.json');
      const distillation = { weight: 0.5, temperature: 2 };
      const mine = { ...SLIM_IMAGENET, name: 'mine', budget: { minutes: 90 }, distillation };
      await writeFile(path, JSON.stringify(mine));
      assert.deepEqual(await openRecipe(path), mine);
    }));

  for (const [what, content, message] of [
    ['no JSON', '{', /mine\.json but: .*JSON/],
    ['an unknown field', JSON.stringify({ ...FINETUNE, momentum: 1 }), /"momentum"/],
    ['a dropout of 1', JSON.stringify({ ...FINETUNE, dropout: 1 }), /but: dropout: .*<1/],
    [
      'epochs and minutes',
      JSON.stringify({ ...FINETUNE, budget: { epochs: 1, minutes: 1 } }),
      /but: budget: /,
    ],
    [
      'an unknown schedule',
      JSON.stringify({ ...FINETUNE, learningRate: { schedule: 'linear', initial: 1 } }),
      /but: learningRate\.schedule: /,
    ],
    [
      'a teacher that counts for more than all',
      JSON.stringify({ ...FINETUNE, distillation: { weight: 1.1, temperature: 4 } }),
      /but: distillation\.weight: .*<=1/,
    ],
    [
      'logits divided by 0',
      JSON.stringify({ ...FINETUNE, distillation: { weight: 1, temperature: 0 } }),
      /but: distillation\.temperature: .*>0/,
    ],
    [
      'a range the wrong way round',
      JSON.stringify({
        ...SLIM_IMAGENET,
        augmentation: { ...SLIM_IMAGENET.augmentation, contrast: [1.5, 0.5] },
      }),
      /augmentation\.contrast: expected the low end first/,
    ],
  ] as const) {
    it(`a file with ${what} is refused`, () =>
      inFolder(async (folder) => {
        const path = join(folder, 'mine.json');
        await writeFile(path, content);
        await assert.rejects(openRecipe(path), { name: 'UserError', message });
      }));
  }

  it('all mistakes of a file are said at once, with where, what was expected and what came', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'mine.json');
      const { batchSize: _, ...rest } = FINETUNE;
      const optimizer = { ...FINETUNE.optimizer, beta1: 'high' };
      const budget = { epochs: 0 };
      await writeFile(
        path,
        JSON.stringify({ ...rest, optimizer, budget, dropout: 1, momentum: 1 }),
      );
      await assert.rejects(openRecipe(path), ({ message }: Error) => {
        const [title, ...lines] = message.split('\n');
        assert.equal(title, `Expected a recipe in ${path} but it has 5 mistakes:`);
        const one = (pattern: RegExp) =>
          assert.equal(lines.filter((line) => pattern.test(line)).length, 1, message);
        one(/^ {2}optimizer\.beta1: .*expected number, received string$/);
        one(/^ {2}budget\.epochs: .*>=1, received 0$/);
        one(/^ {2}batchSize: .*expected number, received undefined$/);
        one(/^ {2}dropout: .*<1, received 1$/);
        one(/^ {2}.*"momentum"/);
        return true;
      });
    }));

  it('a name that is nearly one is asked about', async () => {
    await assert.rejects(openRecipe('finetun'), { remedy: 'Did you mean finetune?' });
  });

  it('a file that is not there is refused', async () => {
    await assert.rejects(openRecipe('nowhere.json'), {
      name: 'UserError',
      message: 'Expected a recipe in nowhere.json but: there is no such file',
    });
  });
});

describe('overrideRecipe', () => {
  it('gives a changed copy: what is not overridden stays', () => {
    const changed = overrideRecipe(FINETUNE_RMSPROP, {
      budget: { minutes: 5 },
      batchSize: 8,
      initialLearningRate: 0.5,
      resolution: 96,
    });
    assert.deepEqual(changed, {
      ...FINETUNE_RMSPROP,
      budget: { minutes: 5 },
      batchSize: 8,
      learningRate: { schedule: 'cosine', initial: 0.5 },
      resolution: 96,
    });
    assert.deepEqual(overrideRecipe(SLIM_IMAGENET, {}), SLIM_IMAGENET);
  });

  it('refuses a value that no recipe can have', () => {
    assert.throws(() => overrideRecipe(FINETUNE, { batchSize: 0 }), {
      name: 'UserError',
      message: /^Expected values that a recipe can have but: batchSize: /,
    });
  });
});
