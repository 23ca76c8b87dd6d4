import assert from 'node:assert/strict';
import fc from 'fast-check';
import { splitByClass } from '../../../datasets/folder/split_by_class.ts';

interface Item {
  readonly label: number;
  readonly key: string;
}

const ITEMS = fc.uniqueArray(
  fc.record({ label: fc.nat({ max: 5 }), key: fc.string({ unit: 'grapheme', maxLength: 6 }) }),
  { maxLength: 120, selector: ({ label, key }) => `${label}/${key.normalize('NFC')}` },
);
const SEED = fc.nat({ max: 2 ** 32 - 1 });
const SHARE = fc.double({ min: 0.01, max: 0.99, noNaN: true });

function split(items: readonly Item[], seed = 0, share?: number) {
  return splitByClass(items, {
    classOf: ({ label }) => label,
    keyOf: ({ label, key }) => `${label}/${key}`,
    seed,
    ...(share !== undefined && { share }),
  });
}

function countsOf(items: readonly Item[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { label } of items) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}

describe('splitByClass', () => {
  it('hands out every item once, in their order', () => {
    fc.assert(
      fc.property(ITEMS, SEED, SHARE, (items, seed, share) => {
        const { train, test } = split(items, seed, share);
        assert.equal(train.length + test.length, items.length);
        assert.deepEqual(new Set([...train, ...test]), new Set(items));
        for (const part of [train, test]) {
          const places = part.map((item) => items.indexOf(item));
          assert.deepEqual(
            places,
            places.toSorted((a, b) => a - b),
          );
        }
      }),
    );
  });

  it('takes the share of each class, rounded, and leaves one on either side', () => {
    fc.assert(
      fc.property(ITEMS, SEED, SHARE, (items, seed, share) => {
        const tested = countsOf(split(items, seed, share).test);
        for (const [label, count] of countsOf(items)) {
          const expected =
            count === 1 ? 0 : Math.min(count - 1, Math.max(1, Math.round(share * count)));
          assert.equal(tested.get(label) ?? 0, expected);
        }
      }),
    );
  });

  it('depends on seed and keys alone, not on the order of the items', () => {
    fc.assert(
      fc.property(ITEMS, SEED, (items, seed) => {
        const once = new Set(split(items, seed).test);
        assert.deepEqual(new Set(split(items.toReversed(), seed).test), once);
      }),
    );
  });

  it('moves at most one other item where one is added', () => {
    fc.assert(
      fc.property(ITEMS, SEED, SHARE, (items, seed, share) => {
        if (items.length === 0) return;
        const [added, ...before] = items;
        const was = new Set(split(before, seed, share).test);
        const is = new Set(split(items, seed, share).test);
        const moved = before.filter((item) => was.has(item) !== is.has(item));
        assert.ok(moved.length <= 1, `${moved.length} moved`);
        assert.ok(moved.every(({ label }) => label === added.label));
      }),
    );
  });

  it('takes a fifth unless told, and others by another seed', () => {
    const items = Array.from({ length: 200 }, (_, n) => ({ label: n % 2, key: `${n}.jpg` }));
    const [first, second] = [split(items, 1), split(items, 2)];
    assert.deepEqual([...countsOf(first.test).values()], [20, 20]);
    assert.notDeepEqual(first.test, second.test);
  });

  it('takes a name for the same in either form of Unicode', () => {
    const named = (form: 'NFC' | 'NFD') =>
      Array.from({ length: 10 }, (_, n) => ({ label: 0, key: `é${n}`.normalize(form) }));
    const places = (form: 'NFC' | 'NFD') => split(named(form)).test.map(({ key }) => key.at(-1));
    assert.deepEqual(places('NFC'), places('NFD'));
  });

  it('refuses a seed that is none', () => {
    assert.throws(() => split([], -1), { name: 'UserError', message: /for seed but received -1/ });
  });
});
