import assert from 'node:assert/strict';
import fc from 'fast-check';
import { AS_PUBLISHED, BEST, OPTION_1 } from '../../../quantize/convert/recipe.ts';
import { isSameRecipe, provenanceOf, recipeOf } from '../../../quantize/model/recipe_of.ts';
import { decodeTf8, encodeTf8 } from '../../../quantize/model/tf8_file.ts';
import { randomModels } from './random_models.ts';

describe('the recipe in a TF8 file', () => {
  it('is left out where the handling of zero variance tells it', () => {
    assert.deepEqual(provenanceOf(AS_PUBLISHED), { zeroVariance: 'keep' });
    assert.deepEqual(provenanceOf(OPTION_1), { zeroVariance: 'mean' });
    assert.deepEqual(provenanceOf(BEST), { zeroVariance: 'keep', recipe: BEST });
  });

  it('comes back whole', async () => {
    const [model] = fc.sample(randomModels({ withEveryOp: true }), { numRuns: 1, seed: 0 });
    for (const recipe of [AS_PUBLISHED, OPTION_1, BEST]) {
      const { zeroVariance: _, recipe: __, ...rest } = model.provenance;
      const provenance = { ...rest, ...provenanceOf(recipe) };
      const file = await encodeTf8({ ...model, provenance });
      const read = await decodeTf8(file, 'm.tf8');
      assert.deepEqual(recipeOf(read.provenance), recipe);
    }
  });

  it('does not depend on the order of its keys', () => {
    const { name, passes, ...rest } = BEST;
    assert.ok(isSameRecipe({ ...rest, passes, name }, BEST));
    assert.ok(!isSameRecipe({ ...BEST, name: 'other' }, BEST));
  });
});
