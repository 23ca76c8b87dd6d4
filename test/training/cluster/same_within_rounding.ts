import assert from 'node:assert/strict';
import type { Trained } from './worker_steps.ts';

/** Shares are summed in another order than whole batches: losses and weights agree within rounding. */
export function assertSameWithinRounding(received: Trained, expected: Trained): void {
  const close = (name: 'losses' | 'kernel') =>
    received[name].forEach((value, i) => {
      const wanted = expected[name][i];
      const tolerance = 1e-5 * Math.max(1, Math.abs(wanted));
      assert.ok(Math.abs(value - wanted) <= tolerance, `${name}: ${value} for ${wanted}`);
    });
  close('losses');
  close('kernel');
  assert.deepEqual(received.correct, expected.correct);
}
