import assert from 'node:assert/strict';
import type { LabelledDataset, Split } from '../../../datasets/dataset.ts';
import { holdOutValidation } from '../../../datasets/order/hold_out.ts';
import { memoryDataset } from '../../support/memory_dataset.ts';
import { collect } from '../support.ts';

/** Twenty training images, which are the test images too where the folder is not divided. */
const open = (splitsAreEqual: boolean): LabelledDataset =>
  memoryDataset({ classes: 2, images: 20, splitsAreEqual });

async function names(dataset: LabelledDataset, split: Split, options = {}): Promise<string[]> {
  const batches = await collect(dataset, { split, batchSize: 3, ...options });
  return batches.flatMap((batch) => batch.names.map((name) => name.split('/')[1]));
}

const ALL = Array.from({ length: 20 }, (_, index) => `${index}`);
const sorted = (values: readonly string[]) => values.toSorted((a, b) => Number(a) - Number(b));

describe('holdOutValidation', () => {
  it('moves that many training images to validation, and none is in both', async () => {
    const dataset = holdOutValidation(open(false), 6, 1);
    const train = await names(dataset, 'train');
    const validation = await names(dataset, 'validation');
    assert.deepEqual([train.length, validation.length], [14, 6]);
    assert.deepEqual([dataset.count('train'), dataset.count('validation')], [14, 6]);
    assert.deepEqual(sorted([...train, ...validation]), ALL);
  });

  it('chooses by the seed alone: not by the order, the skip and the limit of the batches', async () => {
    const [a, b, c] = [1, 1, 2].map((seed) => holdOutValidation(open(false), 6, seed));
    const held = await names(a, 'validation');
    assert.deepEqual(await names(b, 'validation'), held);
    assert.notDeepEqual(await names(c, 'validation'), held);
    const shuffled = await names(a, 'validation', { seed: 5 });
    assert.notDeepEqual(shuffled, held);
    assert.deepEqual(sorted(shuffled), sorted(held));
    const options = { seed: 5, skip: 2, limit: 3 };
    assert.deepEqual(await names(a, 'validation', options), shuffled.slice(2, 5));
  });

  it('gives every remaining training image once in any order', async () => {
    const dataset = holdOutValidation(open(false), 6, 1);
    const train = await names(dataset, 'train');
    const shuffled = await names(dataset, 'train', { seed: 3 });
    assert.notDeepEqual(shuffled, train);
    assert.deepEqual(sorted(shuffled), train);
  });

  it('leaves the test images alone where they are others', async () => {
    const dataset = holdOutValidation(open(false), 6, 1);
    assert.equal(dataset.count('test'), 20);
    assert.deepEqual(await names(dataset, 'test'), ALL);
  });

  it('takes the images out of test too where the folder is not divided', async () => {
    const dataset = holdOutValidation(open(true), 6, 1);
    assert.ok(dataset.splitsAreEqual);
    assert.equal(dataset.count('test'), 14);
    for (const seed of [undefined, 4]) {
      const test = await names(dataset, 'test', { seed });
      assert.deepEqual(test, await names(dataset, 'train', { seed }));
    }
  });

  it('keeps name, classes, origin and fingerprint', () => {
    const whole = open(false);
    const { name, classNames, origin, fingerprint } = holdOutValidation(whole, 6, 1);
    assert.deepEqual(
      [name, classNames, origin, fingerprint],
      [whole.name, whole.classNames, whole.origin, whole.fingerprint],
    );
  });

  it('uses the chosen ones `among` the images of a split', async () => {
    const dataset = holdOutValidation(open(false), 6, 1);
    const validation = await names(dataset, 'validation');
    const among = Uint32Array.of(0, 5);
    assert.deepEqual(await names(dataset, 'validation', { among }), [validation[0], validation[5]]);
  });

  it('refuses to leave no training image', () => {
    assert.throws(() => holdOutValidation(open(false), 20, 1), {
      name: 'UserError',
      message:
        'Expected fewer validation images than the 20 training images of synthetic but received 20.',
      remedy: 'Hold fewer images out.',
    });
    assert.throws(() => holdOutValidation(open(false), -1, 1), /number of validation images/);
  });

  it('refuses to hold out twice', () => {
    assert.throws(() => holdOutValidation(holdOutValidation(open(false), 6, 1), 2, 1), {
      name: 'UserError',
      message: 'Expected synthetic without a validation split but 6 images are held out.',
      remedy: 'Hold images out once.',
    });
  });

  it('without it validation is empty', async () => {
    assert.equal(open(false).count('validation'), 0);
    assert.deepEqual(await names(open(false), 'validation'), []);
  });
});
