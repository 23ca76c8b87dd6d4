import assert from 'node:assert/strict';
import { caller, latencyOf, timeCalls } from '../../../bench/executor/calls.ts';

describe('timeCalls', () => {
  it('times one call at least, after one that it does not time', () => {
    let calls = 0;
    assert.equal(timeCalls(() => calls++, 0).length, 1);
    assert.equal(calls, 2);
  });
});

describe('a caller', () => {
  it('is named after its owner and its setting', () => {
    const named = (threads: number) => caller('a', { threads, batch: 16 }, async () => [1]).name;
    assert.deepEqual([1, 2].map(named), ['a, 1 thread, batch 16', 'a, 2 threads, batch 16']);
  });

  it('counts the images of all calls', async () => {
    const turn = caller('a', { threads: 2, batch: 16 }, async () => [20, 30]).round(1);
    assert.deepEqual(await turn, { images: 32, seconds: 0.05, latenciesMs: [20, 30] });
  });
});

describe('latencyOf', () => {
  it('is the median over the calls of all turns, and the fastest', () => {
    const turn = (latenciesMs: readonly number[]) => ({ images: 1, seconds: 1, latenciesMs });
    assert.deepEqual(latencyOf([turn([5, 1]), turn([2, 9, 3])]), { medianMs: 3, fastestMs: 1 });
  });
});
