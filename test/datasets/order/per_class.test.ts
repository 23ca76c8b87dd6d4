import assert from 'node:assert/strict';
import { holdOutValidation } from '../../../datasets/order/hold_out.ts';
import { firstOfEachClass } from '../../../datasets/order/per_class.ts';
import { memoryDataset } from '../../support/memory_dataset.ts';
import { collect } from '../support.ts';

const dataset = memoryDataset({ classes: 4, images: 26 });

describe('firstOfEachClass', () => {
  it("takes the first images of every class in the seed's order, and says how far that reaches", async () => {
    const [seed, perClass] = [3, 2];
    const { among, reach } = firstOfEachClass(dataset, 'test', perClass, seed);
    assert.equal(among.length, 8);
    assert.deepEqual(
      [...among],
      [...among].sort((a, b) => a - b),
    );
    const batches = await collect(dataset, { split: 'test', batchSize: 26, seed });
    const order = batches.flatMap(({ names, labels }) =>
      names.map((name, n) => ({ index: Number(name.split('/')[1]), label: labels[n] })),
    );
    const expected = [0, 1, 2, 3].flatMap((label) =>
      order.filter((image) => image.label === label).slice(0, perClass),
    );
    assert.deepEqual(
      [...among],
      expected.map(({ index }) => index).sort((a, b) => a - b),
    );
    const places = order.flatMap(({ index }, place) => (among.includes(index) ? [place] : []));
    assert.equal(reach, places.at(-1)! + 1);
  });

  it('takes all of a class that has fewer', () => {
    const { among, reach } = firstOfEachClass(dataset, 'test', 7, 0);
    // 26 images of 4 classes: 7, 7, 6 and 6
    assert.deepEqual([among.length, reach], [26, 26]);
  });

  it('knows the labels of a split that images were held out of', async () => {
    const divided = holdOutValidation(memoryDataset({ classes: 4, images: 26 }), 10, 1);
    for (const split of ['train', 'validation'] as const) {
      const labelsOf = async (among?: Uint32Array) => {
        const batches = await collect(divided, { split, batchSize: 26, among });
        return batches.flatMap(({ labels }) => [...labels]).sort();
      };
      const { among } = firstOfEachClass(divided, split, 1, 0);
      assert.deepEqual(await labelsOf(among), [...new Set(await labelsOf())]);
    }
  });

  it('refuses less than one image of a class', () => {
    for (const images of [0, 1.5, -1]) {
      assert.throws(() => firstOfEachClass(dataset, 'test', images, 0), {
        name: 'UserError',
        message: `Expected an integer of at least 1 for the number of images of a class but received ${images} of type number`,
      });
    }
  });
});
