import assert from 'node:assert/strict';
import { LayerComparisons } from '../../../workflows/verify/layer_comparison.ts';

const LAYERS = [
  { name: 'a', shape: [2, 2, 3] as const },
  { name: 'b', shape: [1, 1, 2] as const },
];

const tensors = (a: readonly number[], b: readonly number[]) =>
  new Map([
    ['a', Uint8Array.from(a)],
    ['b', Uint8Array.from(b)],
  ]);

const ZEROS = Array<number>(12).fill(0);

describe('LayerComparisons', () => {
  it('counts what differs in each layer over all images, and by how much at most', () => {
    const comparisons = new LayerComparisons(LAYERS);
    comparisons.add('one', tensors(ZEROS, [1, 2]), tensors(ZEROS, [1, 5]));
    comparisons.add('two', tensors(ZEROS, [9, 2]), tensors(ZEROS, [8, 2]));
    assert.deepEqual(comparisons.result(), [
      { name: 'a', elements: 24, differing: 0, maxDifference: 0 },
      { name: 'b', elements: 4, differing: 2, maxDifference: 3 },
    ]);
  });

  it('tells the first difference by image, layer and coordinate, with both values', () => {
    const comparisons = new LayerComparisons(LAYERS);
    assert.equal(comparisons.first, undefined);
    comparisons.add('one', tensors(ZEROS, [1, 2]), tensors(ZEROS, [1, 2]));
    const theirs = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0];
    comparisons.add('two', tensors(ZEROS, [1, 2]), tensors(theirs, [3, 2]));
    assert.deepEqual(comparisons.first, {
      image: 'two',
      layer: 'a',
      coordinate: [1, 1, 1],
      ours: 0,
      theirs: 7,
    });
  });
});
