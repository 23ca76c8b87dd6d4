import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { mapAhead } from '../../datasets/map_ahead.ts';

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const value of values) found.push(value);
  return found;
}

describe('mapAhead', () => {
  it('keeps the order of the items whichever call ends first', async () => {
    const delays = [20, 1, 10, 0, 5];
    const mapped = mapAhead(delays, 3, async (delay) => {
      await wait(delay);
      return delay;
    });
    assert.deepEqual(await all(mapped), delays);
  });

  it('has up to `window` calls under way, and never more', async () => {
    for (const window of [1, 3]) {
      let underWay = 0;
      let most = 0;
      const mapped = mapAhead(Array(10).keys(), window, async (item) => {
        most = Math.max(most, ++underWay);
        await wait(1);
        underWay--;
        return item;
      });
      assert.equal((await all(mapped)).length, 10);
      assert.equal(most, window);
    }
  });

  it('does not run ahead of a consumer that has stopped asking', async () => {
    let started = 0;
    const mapped = mapAhead(Array(100).keys(), 4, async () => ++started);
    await mapped.next();
    await wait(5);
    assert.equal(started, 4);
    await mapped.return();
    assert.equal(started, 4);
  });

  it('throws the first failure in order, after the calls under way have ended', async () => {
    let ended = 0;
    const mapped = mapAhead([0, 1, 2], 3, async (item) => {
      await wait(item === 2 ? 10 : 0);
      ended++;
      if (item > 0) throw new Error(`item ${item}`);
      return item;
    });
    await assert.rejects(all(mapped), /item 1/);
    assert.equal(ended, 3);
  });

  it('passes on a failure of the source and closes it when the consumer leaves', async () => {
    async function* failing(): AsyncGenerator<number> {
      yield 1;
      throw new Error('source');
    }
    await assert.rejects(all(mapAhead(failing(), 2, async (item) => item)), /source/);

    let closed = false;
    function* endless(): Generator<number> {
      try {
        for (let i = 0; ; i++) yield i;
      } finally {
        closed = true;
      }
    }
    for await (const item of mapAhead(endless(), 2, async (value) => value)) if (item === 3) break;
    assert.ok(closed);
  });
});
