import assert from 'node:assert/strict';
import { FINETUNE } from '../../../training/recipes/recipes.ts';
import { chosenRecipe } from '../../../workflows/train/recipe_choices.ts';

describe('chosenRecipe', () => {
  it('is the recipe itself where nothing is chosen', async () => {
    assert.deepEqual(await chosenRecipe(FINETUNE.name, {}), FINETUNE);
  });

  it('has what was chosen in the place of the recipe’s', async () => {
    const { budget, batchSize, learningRate, resolution } = await chosenRecipe(FINETUNE.name, {
      minutes: 3,
      batchSize: 5,
      learningRate: 0.25,
      resolution: 64,
    });
    assert.deepEqual([budget, batchSize, resolution], [{ minutes: 3 }, 5, 64]);
    assert.deepEqual(learningRate, { ...FINETUNE.learningRate, initial: 0.25 });
    assert.deepEqual((await chosenRecipe(FINETUNE.name, { epochs: 2 })).budget, { epochs: 2 });
  });
});
