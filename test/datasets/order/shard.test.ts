import assert from 'node:assert/strict';
import fc from 'fast-check';
import { shardName, shardOf, shardSpan } from '../../../datasets/order/shard.ts';

describe('shards of an order of images', () => {
  it('are named K/N', () => {
    assert.deepEqual(shardOf('2/3'), { number: 2, count: 3 });
    assert.equal(shardName({ number: 2, count: 3 }), '2/3');
    for (const words of ['0/3', '4/3', '1', '1/0', '-1/3', 'a/b', '1/2/3', '1/999999']) {
      assert.throws(() => shardOf(words), {
        name: 'UserError',
        message: `Expected K/N, with K from 1 to N, for a shard but received "${words}"`,
      });
    }
  });

  it('cover all images once, in whole batches, and the first has some wherever there are any', () => {
    const natural = (max: number) => fc.integer({ min: 1, max });
    fc.assert(
      fc.property(fc.nat(500), natural(20), natural(30), (images, batchSize, count) => {
        const spans = Array.from({ length: count }, (_, index) =>
          shardSpan({ number: index + 1, count }, images, batchSize),
        );
        let next = 0;
        for (const { skip, limit } of spans) {
          assert.equal(skip, next);
          assert.ok(skip % batchSize === 0 || skip === images);
          next = skip + limit;
        }
        assert.equal(next, images);
        assert.ok(images === 0 || spans[0].limit > 0);
        const batches = spans.map(({ limit }) => Math.ceil(limit / batchSize));
        assert.ok(Math.max(...batches) - Math.min(...batches) <= 1);
      }),
    );
  });

  it('are all images where there are no shards', () => {
    assert.deepEqual(shardSpan(undefined, 7, 4), { skip: 0, limit: 7 });
  });
});
