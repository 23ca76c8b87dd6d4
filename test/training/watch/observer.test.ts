import assert from 'node:assert/strict';
import { combineObservers, type TrainingObserver } from '../../../training/watch/observer.ts';
import { epochReport, stepReport } from './support.ts';

describe('combineObservers', () => {
  const recording = (name: string, calls: string[], fail = false): TrainingObserver => ({
    step: ({ step }) => calls.push(`${name} step ${step}`),
    epoch: ({ epoch }) => calls.push(`${name} epoch ${epoch}`),
    checkpoint: async (step) => {
      calls.push(`${name} checkpoint ${step}`);
    },
    end: async () => {
      calls.push(`${name} end`);
      if (fail) throw new Error(`${name} failed`);
    },
  });

  it('tells each observer of each event, in order', async () => {
    const calls: string[] = [];
    const { checkpoint: _, ...withoutCheckpoint } = recording('c', calls);
    const all = combineObservers(recording('a', calls), recording('b', calls), withoutCheckpoint);
    all.step(stepReport(1));
    all.epoch(epochReport(1, 1));
    await all.checkpoint?.(1);
    await all.end();
    assert.deepEqual(calls, [
      'a step 1',
      'b step 1',
      'c step 1',
      'a epoch 1',
      'b epoch 1',
      'c epoch 1',
      'a checkpoint 1',
      'b checkpoint 1',
      'a end',
      'b end',
      'c end',
    ]);
  });

  it('ends all where ending one fails, and passes the failure on', async () => {
    const calls: string[] = [];
    const all = combineObservers(recording('a', calls, true), recording('b', calls));
    await assert.rejects(all.end(), /^Error: a failed$/);
    assert.deepEqual(calls, ['a end', 'b end']);
  });
});
