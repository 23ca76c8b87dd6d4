/**
 * The items of `source`, each asked for before the one ahead of it is handed out: what makes them
 * (worker threads) has its next order while the caller blocks on this one.
 */
export async function* readAhead<Item>(
  source: AsyncIterable<Item>,
): AsyncGenerator<Item, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  let next = iterator.next();
  try {
    for (;;) {
      const result = await next;
      if (result.done) return;
      next = iterator.next();
      next.catch(() => undefined); // Reported when its turn comes, not as an unhandled rejection.
      yield result.value;
    }
  } finally {
    await iterator.return?.();
  }
}
