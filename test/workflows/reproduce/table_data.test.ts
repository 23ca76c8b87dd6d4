import assert from 'node:assert/strict';
import type { LabelledDataset, Split } from '../../../datasets/dataset.ts';
import { holdOutValidation } from '../../../datasets/order/hold_out.ts';
import { disjointData, wholeData } from '../../../workflows/reproduce/table_data.ts';
import { memoryDataset } from '../../support/memory_dataset.ts';

async function namesOf(dataset: LabelledDataset, split: Split): Promise<string[]> {
  const names: string[] = [];
  for await (const batch of dataset.batches({ split, batchSize: 3, resolution: 2, seed: 5 })) {
    names.push(...batch.names);
  }
  return names.map((name) => name.split('/')[1]);
}

const undivided = (images: number) =>
  memoryDataset({ classes: 2, images, splitsAreEqual: true, name: 'folder' });

describe('disjointData', () => {
  it('measures half of an undivided folder, and learns from the other half', async () => {
    const { dataset, identity, notes } = disjointData(undivided(11));
    const [train, test] = [await namesOf(dataset, 'train'), await namesOf(dataset, 'test')];
    assert.deepEqual([train.length, test.length], [6, 5]);
    assert.equal(new Set([...train, ...test]).size, 11);
    assert.deepEqual([dataset.count('train'), dataset.count('test')], [6, 5]);
    assert.equal(dataset.splitsAreEqual, false);
    assert.deepEqual(identity, { dataset: 'folder', sha256: '0'.repeat(64), heldOut: 5 });
    assert.deepEqual(notes, [
      'The folder of folder is not divided: 5 of its 11 images are measured, the others learnt from.',
    ]);
  });

  it('measures no more images than are asked for', () => {
    const { dataset } = disjointData(undivided(11), 2);
    assert.deepEqual([dataset.count('train'), dataset.count('test')], [9, 2]);
  });

  it('validation images can still be held out', async () => {
    const dataset = holdOutValidation(disjointData(undivided(12)).dataset, 2, 0);
    const all = [
      ...(await namesOf(dataset, 'train')),
      ...(await namesOf(dataset, 'validation')),
      ...(await namesOf(dataset, 'test')),
    ];
    assert.equal(new Set(all).size, 12);
  });

  it('leaves a data set of two splits as it is', () => {
    const dataset = memoryDataset({ classes: 2, images: 4 });
    assert.deepEqual(disjointData(dataset), wholeData(dataset));
    assert.equal(disjointData(dataset).dataset, dataset);
  });

  it('a folder of one image is measured and learnt from, which a note says', () => {
    const { dataset, notes } = disjointData(undivided(1));
    assert.deepEqual([dataset.count('train'), dataset.count('test')], [1, 1]);
    assert.deepEqual(notes, ['The images of folder that are measured are also learnt from.']);
  });
});
