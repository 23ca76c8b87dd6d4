import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { classify } from '../../workflows/classify.ts';
import { contextOf, picture } from '../scripts/support.ts';
import { inFolder } from '../support/in_folder.ts';
import { caseFolder } from './case_model.ts';

describe('case logits-as-probability', () => {
  it('gives a network without a softmax one where probabilities are reported', function () {
    const model = join(caseFolder(this, 'logits-as-probability'), 'frozen.pb');
    return inFolder(async (folder) => {
      const image = join(folder, 'image.png');
      await writeFile(image, await picture(1));
      const { float, tf8 } = await classify({ image, model, seed: 0, tier: 'auto' }, contextOf());
      // Five of the ten outputs, and those of equal sums: the columns can be compared.
      assert.ok(float!.every(({ probability }) => probability > 0 && probability < 1));
      for (const [rank, { probability }] of float!.entries()) {
        assert.ok(Math.abs(probability - tf8[rank].probability) < 0.05);
      }
    });
  });
});
