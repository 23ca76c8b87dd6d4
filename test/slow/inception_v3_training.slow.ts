import assert from 'node:assert/strict';
import { join } from 'node:path';
import { FINETUNE_RMSPROP } from '../../training/recipes/recipes.ts';
import { trainJob } from '../../workflows/train/train.ts';
import { contextOf } from '../scripts/support.ts';
import { inFolder } from '../support/in_folder.ts';
import { memoryDataset } from '../support/memory_dataset.ts';
import { needsTensorFlow } from '../support/needs_tensorflow.ts';

describe('trainJob of InceptionV3', () => {
  before(needsTensorFlow);

  it('stores it with a card of its own', () =>
    inFolder(async (folder) => {
      const network = { network: 'inception_v3', widthMultiplier: 0.05 } as const;
      const { training, card } = await trainJob(
        {
          network,
          zeroVariance: 'mean',
          dataset: memoryDataset({ classes: 4, images: 12 }),
          recipe: { ...FINETUNE_RMSPROP, batchSize: 6, budget: { epochs: 1 }, resolution: 75 },
          seed: 0,
          out: join(folder, 'inception'),
        },
        contextOf(),
      );
      assert.equal(training.steps, 2);
      assert.deepEqual(card.architecture, { ...network, resolution: 75, classes: 4 });
      assert.equal(card.origin.source, 'InceptionV3 trained on synthetic from random weights');
    }));
});
