import assert from 'node:assert/strict';
import { QUANTIZATION_AWARE } from '../../../training/recipes/recipes.ts';
import {
  type AskedOptions,
  networkNameOf,
  requireSameOptions,
  startNameOf,
} from '../../../workflows/train/resumed_options.ts';

const BEGUN: AskedOptions = {
  rules: { ranges: 'learned', freezeAfter: 0.8, dampening: 0 },
  quantization: 'input-weighted',
  recipe: QUANTIZATION_AWARE,
  seed: 0,
};

const STATE = {
  run: {
    network: networkNameOf('net', BEGUN.rules),
    start: startNameOf('weights by hand', BEGUN.quantization),
    recipe: BEGUN.recipe,
    seed: BEGUN.seed,
  },
};

describe('requireSameOptions', () => {
  it('passes the options that a run was begun with', () => {
    requireSameOptions('out', JSON.parse(JSON.stringify(STATE)), BEGUN);
  });

  it('names all options that differ, as they are given', () => {
    const rules = {
      ...BEGUN.rules,
      ranges: 'observed',
      dampening: 0.1,
      batchNorms: 're-estimated',
    } as const;
    const recipe = { ...BEGUN.recipe, batchSize: 7, budget: { epochs: 99 }, weightDecay: 0.5 };
    assert.throws(
      () => requireSameOptions('out', STATE, { rules, quantization: 'option-1', recipe, seed: 3 }),
      {
        name: 'UserError',
        message: new RegExp(
          [
            '^Expected the options that the training in out was begun with but `ranges` was learned and is observed',
            '`dampening` was 0 and is 0\\.1',
            '`batchNorms` was frozen and is re-estimated',
            '`quantizationRecipe` was input-weighted and is option-1',
            '`seed` was 0 and is 3',
            'the length was .* and is 99 epochs',
            '`batchSize` was \\d+ and is 7',
            'weightDecay of `recipe` was .* and is 0\\.5$',
          ].join(', '),
        ),
        remedy: /^Go on with the options of the run, or train anew into another `out`\.$/,
      },
    );
  });

  it('refuses the checkpoints of another training', () => {
    const run = { ...STATE.run, network: 'mobilenet_v1' };
    assert.throws(() => requireSameOptions('out', { run }, BEGUN), {
      message:
        'Expected the checkpoints of a quantization-aware training in out but they are of mobilenet_v1',
    });
  });
});
