import assert from 'node:assert/strict';
import { FINETUNE, learningRateAt, RECIPES, recipeNamed, SCRATCH } from '../../training/recipe.ts';

describe('recipes', () => {
  it('a cosine schedule starts at the initial rate, halves it midway and ends near 0', () => {
    const { initial } = FINETUNE.learningRate;
    assert.equal(learningRateAt(FINETUNE, 0, 100), initial);
    assert.ok(Math.abs(learningRateAt(FINETUNE, 50, 100) - initial / 2) < 1e-12);
    assert.ok(learningRateAt(FINETUNE, 99, 100) < initial / 1000);
  });

  it('a cosine schedule never rises and never reaches 0 before the end', () => {
    const rates = Array.from({ length: 40 }, (_, step) => learningRateAt(SCRATCH, step, 40));
    rates.forEach((rate, step) => {
      assert.ok(rate > 0 && (step === 0 || rate < rates[step - 1]!), `step ${step}: ${rate}`);
    });
  });

  it('a constant schedule stays', () => {
    const constant = { ...FINETUNE, learningRate: { initial: 0.5, schedule: 'constant' as const } };
    assert.deepEqual(
      [0, 7, 9].map((step) => learningRateAt(constant, step, 10)),
      [0.5, 0.5, 0.5],
    );
  });

  it('recipes are found by name', () => {
    for (const recipe of RECIPES) assert.equal(recipeNamed(recipe.name), recipe);
  });

  it('an unknown name is refused with the names there are', () => {
    assert.throws(() => recipeNamed('adam'), {
      name: 'RangeError',
      message: 'Expected one of finetune, scratch for the recipe but received "adam"',
    });
  });
});
