import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compareCodePoints, selectIndices, shuffledOrder } from '../../../datasets/order/order.ts';
import { UserError } from '../../../foundation/errors.ts';

const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });

describe('order', () => {
  it('shuffledOrder is a permutation of 0 … count − 1', () => {
    fc.assert(
      fc.property(fc.nat(300), seeds, (count, seed) => {
        const sorted = shuffledOrder(count, seed).sort();
        assert.deepEqual([...sorted], [...Array(count).keys()]);
      }),
    );
  });

  it('shuffledOrder gives this order for seed 1 on every machine', () => {
    assert.deepEqual([...shuffledOrder(10, 1)], [9, 2, 3, 4, 1, 8, 6, 0, 5, 7]);
  });

  it('orders of neighbouring seeds agree no more often than chance', () => {
    const count = 1000;
    for (let seed = 0; seed < 50; seed++) {
      const [a, b] = [shuffledOrder(count, seed), shuffledOrder(count, seed + 1)];
      const agreements = a.filter((index, i) => index === b[i]).length;
      // Poisson with mean 1: more than 9 has probability 10⁻⁷.
      assert.ok(agreements <= 9, `${agreements} positions agree for seeds ${seed} and ${seed + 1}`);
    }
  });

  it('every index comes first about equally often', () => {
    const firsts = new Array<number>(5).fill(0);
    for (let seed = 0; seed < 2000; seed++) firsts[shuffledOrder(5, seed)[0]]++;
    // Binomial(2000, 0.2): standard deviation 17.9; 100 is 5.6 of them.
    for (const count of firsts) assert.ok(Math.abs(count - 400) < 100, `${firsts}`);
  });

  it('selectIndices keeps the own order without a seed, then skips and limits', () => {
    assert.deepEqual([...selectIndices(5, {})], [0, 1, 2, 3, 4]);
    assert.deepEqual([...selectIndices(5, { skip: 1, limit: 2 })], [1, 2]);
    assert.deepEqual([...selectIndices(5, { skip: 4, limit: 100 })], [4]);
    assert.deepEqual([...selectIndices(5, { skip: 9 })], []);
  });

  it('selectIndices orders, skips and limits the indices `among` which it chooses', () => {
    const among = Uint32Array.of(3, 5, 8, 9);
    assert.deepEqual([...selectIndices(10, { among })], [3, 5, 8, 9]);
    assert.deepEqual([...selectIndices(10, { among, skip: 1, limit: 2 })], [5, 8]);
    const shuffled = [...selectIndices(10, { among, seed: 1 })];
    assert.deepEqual(
      shuffled,
      Array.from(shuffledOrder(4, 1), (place) => among[place]),
    );
    assert.deepEqual([...among], [3, 5, 8, 9]);
  });

  it('skip and limit cut the same shuffled order, so that two selections never overlap', () => {
    const all = [...shuffledOrder(20, 7)];
    assert.deepEqual([...selectIndices(20, { seed: 7, limit: 8 })], all.slice(0, 8));
    assert.deepEqual([...selectIndices(20, { seed: 7, skip: 8 })], all.slice(8));
  });

  it('refuses seeds that are no 32-bit number, and negative or fractional skips and limits', () => {
    for (const seed of [-1, 0.5, 2 ** 32, Number.NaN]) {
      assert.throws(() => shuffledOrder(3, seed), {
        name: 'UserError',
        message: `Expected an integer in [0, 4294967295] for seed but received ${seed} of type number`,
      });
    }
    assert.throws(() => selectIndices(3, { skip: -1 }), UserError);
    assert.throws(() => selectIndices(3, { limit: 1.5 }), {
      message: 'Expected an integer of at least 0 for limit but received 1.5 of type number',
    });
  });

  it('compareCodePoints orders strings as the bytes of their UTF-8 form', () => {
    assert.ok('\u{ff5e}' > '\u{1f600}', 'UTF-16 order is the other way round');
    assert.ok(compareCodePoints('\u{ff5e}', '\u{1f600}') < 0);
    const text = fc.string({ unit: 'grapheme-composite' });
    fc.assert(
      fc.property(text, text, (a, b) => {
        const bytes = Buffer.compare(Buffer.from(a), Buffer.from(b));
        assert.equal(Math.sign(compareCodePoints(a, b)), bytes);
      }),
    );
  });
});
