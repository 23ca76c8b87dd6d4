import assert from 'node:assert/strict';
import { TimeLimitError, withinTime } from '../../datasets/within_time.ts';

const never = new Promise<never>(() => {});

describe('withinTime', () => {
  it('gives what the work gives, or throws what it throws', async () => {
    assert.equal(await withinTime(Promise.resolve(3), { ms: 10_000 }), 3);
    const fault = new TypeError('a fault');
    await assert.rejects(withinTime(Promise.reject(fault), { ms: 10_000 }), fault);
    assert.equal(await withinTime(Promise.resolve(3), {}), 3);
  });

  it('gives up work that takes longer', async () => {
    await assert.rejects(withinTime(never, { ms: 1 }), TimeLimitError);
  });

  it('hears what the work gave while the event loop stood, however long', async () => {
    const soon = new Promise<number>((resolve) => {
      setTimeout(() => setTimeout(() => resolve(3), 1), 1);
    });
    const waiting = withinTime(soon, { ms: 100 });
    const begun = performance.now();
    while (performance.now() - begun < 200);
    assert.equal(await waiting, 3);
  });

  it("ends with the signal's reason, before or while it waits", async () => {
    const reason = new Error('enough');
    await assert.rejects(withinTime(never, { signal: AbortSignal.abort(reason) }), reason);
    const controller = new AbortController();
    const waiting = withinTime(never, { ms: 10_000, signal: controller.signal });
    controller.abort(reason);
    await assert.rejects(waiting, reason);
  });

  it('heeds no failure of work that was given up', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await assert.rejects(withinTime(Promise.reject(new Error('later')), { signal }), /enough/);
  });
});
