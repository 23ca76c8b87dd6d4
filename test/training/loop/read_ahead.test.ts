import assert from 'node:assert/strict';
import { readAhead } from '../../../training/loop/read_ahead.ts';

/** 0, 1, 2 …; tells what was asked for, and whether it was ended. */
function counting(count: number, failAt = Infinity) {
  const asked: number[] = [];
  const state = { ended: false };
  async function* source() {
    try {
      for (let i = 0; i < count; i++) {
        asked.push(i);
        if (i === failAt) throw new Error(`no ${i}`);
        yield i;
      }
    } finally {
      state.ended = true;
    }
  }
  return { asked, state, source: source() };
}

describe('readAhead', () => {
  it('gives every item in order, having asked for the next', async () => {
    const { asked, source } = counting(3);
    const received: number[] = [];
    for await (const item of readAhead(source)) {
      assert.deepEqual(asked, [0, 1, 2].slice(0, item + 2));
      received.push(item);
    }
    assert.deepEqual(received, [0, 1, 2]);
  });

  it('ends the source where the reader stops', async () => {
    const { state, source } = counting(9);
    for await (const item of readAhead(source)) if (item === 1) break;
    assert.equal(state.ended, true);
  });

  it('throws a failure in its turn, after the items before it', async () => {
    const received: number[] = [];
    await assert.rejects(
      async () => {
        for await (const item of readAhead(counting(9, 2).source)) received.push(item);
      },
      { message: 'no 2' },
    );
    assert.deepEqual(received, [0, 1]);
  });
});
