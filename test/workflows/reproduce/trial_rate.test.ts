import assert from 'node:assert/strict';
import type { Reporter } from '../../../foundation/reporting/reporter.ts';
import { trialRate } from '../../../workflows/reproduce/trial_rate.ts';

/** Work whose first two updates take 10 s, and each other one `ms`, of 8 units each. */
function trial(ms: number, updates: number, signal = new AbortController().signal) {
  let time = 0;
  let made = 0;
  const work = async (reporter: Reporter, aborted: AbortSignal) => {
    const progress = reporter.start('work', 0, 'images');
    while (made < updates && !aborted.aborted) {
      time += made < 2 ? 10_000 : ms;
      made++;
      progress.update(8 * made);
    }
    progress.end();
  };
  return trialRate(signal, work, () => time).then((rate) => ({ rate, made }));
}

describe('trialRate', () => {
  it('leaves the warm-up out, and ends the work when it has measured enough', async () => {
    assert.deepEqual(await trial(500, 1000), { rate: 16, made: 2 + 8 });
  });

  it('measures at least three updates, however long they take', async () => {
    assert.deepEqual(await trial(8000, 1000), { rate: 1, made: 2 + 3 });
  });

  it('work that ends early gives what there is, the warm-up included if need be', async () => {
    assert.deepEqual(await trial(500, 4), { rate: 16, made: 4 });
    assert.deepEqual(await trial(500, 2), { rate: 0.8, made: 2 });
  });

  it('throws what the work throws', async () => {
    const work = () => Promise.reject(new Error('broken'));
    await assert.rejects(trialRate(new AbortController().signal, work), /broken/);
  });

  it('work that throws when it is ended has given its rate', async () => {
    let time = 0;
    const work = async (reporter: Reporter, aborted: AbortSignal) => {
      const progress = reporter.start('work', 0, 'images');
      for (let done = 1; ; done++) {
        time += 1000;
        progress.update(done);
        aborted.throwIfAborted();
      }
    };
    assert.equal(await trialRate(new AbortController().signal, work, () => time), 1);
  });

  it('throws the reason when it is aborted from outside', async () => {
    const abort = new AbortController();
    abort.abort(new Error('Ctrl-C'));
    await assert.rejects(trial(500, 1000, abort.signal), /Ctrl-C/);
  });
});
