import assert from 'node:assert/strict';
import fc from 'fast-check';
import { rankOf, topK } from '../../../datasets/scoring/top_k.ts';

describe('topK', () => {
  it('gives indices and values, largest first', () => {
    assert.deepEqual(topK(Float32Array.of(0.5, -1, 3, 2), 3), {
      indices: [2, 3, 0],
      values: [3, 2, 0.5],
    });
  });

  it('breaks ties by the lower index', () => {
    assert.deepEqual(topK(Uint8Array.of(7, 9, 7, 9), 4).indices, [1, 3, 0, 2]);
    const infinities = Float32Array.of(-Infinity, Infinity, -Infinity, Infinity);
    assert.deepEqual(topK(infinities, 4).indices, [1, 3, 0, 2]);
  });

  it('gives all scores where there are fewer than k', () => {
    assert.deepEqual(topK(Uint8Array.of(1, 2), 5).indices, [1, 0]);
  });

  it('rankOf is the position in the order of topK', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 30, max: 4 }), (scores) => {
        const { indices } = topK(scores, scores.length);
        for (const [rank, index] of indices.entries()) {
          assert.equal(rankOf(scores, index, 'image'), rank);
        }
      }),
    );
  });

  it('refuses NaN and names the class', () => {
    const scores = Float32Array.of(1, Number.NaN);
    assert.throws(() => topK(scores, 1), {
      name: 'UserError',
      message: 'Expected a number for class 1 of the scores but received NaN.',
    });
    assert.throws(() => rankOf(scores, 0, 'a.jpg'), /for class 1 of a\.jpg but received NaN/);
  });

  it('refuses a k below 1', () => {
    assert.throws(() => topK(Uint8Array.of(1), 0), /for k but received 0/);
  });
});
