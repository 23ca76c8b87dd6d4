import { createHash } from 'node:crypto';
import { grouped } from '../grouped.ts';
import { checkInteger, SEEDS } from '../order/order.ts';

/** Part of each class that is tested, where nobody has divided the images. */
const TEST_SHARE = 0.2;

interface SplitOptions<Item> {
  readonly classOf: (item: Item) => number;
  /** Tells an item from the others of its class, wherever the folder lies. */
  readonly keyOf: (item: Item) => string;
  readonly seed: number;
  /** Part of each class that is tested: in (0, 1). */
  readonly share?: number;
}

/**
 * Divides items so that each class has the same share in the test, rounded, and at least one item there
 * and one in the training; the only item of a class is trained on. Both keep the order of the items.
 *
 * The items of a class are ranked by SHA-256 of seed and key, and the first are tested. So what is tested
 * depends on names and seed alone, and an item that is added or removed moves at most one other.
 * @throws UserError unless `seed` is an integer in [0, 2³²)
 */
export function splitByClass<Item>(
  items: readonly Item[],
  { classOf, keyOf, seed, share = TEST_SHARE }: SplitOptions<Item>,
): { readonly train: Item[]; readonly test: Item[] } {
  checkInteger('seed', seed, 0, SEEDS - 1);
  const tested = new Set<Item>();
  for (const members of grouped(items, classOf).values()) {
    const ranked = members
      .map((item) => ({ item, rank: rankOf(seed, keyOf(item)) }))
      .sort((a, b) => (a.rank < b.rank ? -1 : 1));
    const count = Math.max(1, Math.min(members.length - 1, Math.round(share * members.length)));
    if (members.length > 1) for (const { item } of ranked.slice(0, count)) tested.add(item);
  }
  return {
    train: items.filter((item) => !tested.has(item)),
    test: items.filter((item) => tested.has(item)),
  };
}

function rankOf(seed: number, key: string): string {
  return createHash('sha256')
    .update(`${seed}\0${key.normalize('NFC')}`)
    .digest('hex');
}
