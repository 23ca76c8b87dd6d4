/**
 * Maps `items` by `work` with up to `window` calls under way, and yields the results in the order
 * of the items. At most `window` results wait at a time, so memory is bounded whatever the length.
 * The first failure ends the iteration; calls still under way are awaited, never left dangling.
 */
export async function* mapAhead<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  window: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result, void, undefined> {
  const underWay: Promise<Result>[] = [];
  try {
    for await (const item of items) {
      const result = work(item);
      result.catch(() => undefined); // Reported when its turn comes, not as an unhandled rejection.
      underWay.push(result);
      if (underWay.length >= window) yield await underWay.shift()!;
    }
    while (underWay.length > 0) yield await underWay.shift()!;
  } finally {
    await Promise.allSettled(underWay);
  }
}
