import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { inFolder } from '../support/in_folder.ts';
import { needsTensorFlow } from '../support/needs_tensorflow.ts';

const STEPS = 1600;
const MIB = 2 ** 20;

/** The first steps fill the pools of libtensorflow, of the worker threads and of the garbage collector. */
const SETTLED = 1000;

describe('training', function () {
  this.timeout(10 * 60_000);
  before(needsTensorFlow);

  it(`holds no more after ${STEPS} steps, with checkpoints and metrics, than after ${SETTLED}`, () =>
    inFolder(async (folder) => {
      const held: { step: number; rss: number; tensors: number }[] = [];
      const child = fork(join(import.meta.dirname, 'train_for_steps.ts'), [folder, `${STEPS}`], {
        execArgv: ['--import', 'tsx'],
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      });
      child.on('message', (message) => held.push(message as (typeof held)[number]));
      assert.deepEqual(await once(child, 'exit'), [0, null]);
      const settled = held.filter(({ step }) => step >= SETTLED);
      assert.equal(settled.at(-1)!.step, STEPS);
      assert.deepEqual([...new Set(settled.map(({ tensors }) => tensors))].length, 1);
      const growth = settled.at(-1)!.rss - settled[0].rss;
      assert.ok(growth < 32 * MIB, `${(growth / MIB).toFixed(0)} MiB more`);
    }));
});
