import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { processLives, processStart } from '../../../foundation/processes/process_identity.mjs';
import { skip } from '../../support/skip.ts';

/** Above the largest process number of Linux, 2²², and of other systems. */
const NO_PID = 2 ** 30;

describe('processLives', () => {
  it('knows a living process by its number and start', async () => {
    const start = processStart(process.pid);
    assert.equal(processStart(process.pid), start);
    assert.equal(processLives(process.pid, start), true);
    assert.equal(processLives(process.pid, undefined), true);
  });

  it('takes none for living whose number is nobody’s', async () => {
    assert.equal(processLives(NO_PID, undefined), false);
  });

  it('tells a process from another one of its number, and takes no zombie for living', async function () {
    if (processStart(process.pid) === undefined) skip(this, 'the system tells no starts');
    assert.equal(processLives(process.pid, 'then'), false);
    // The shell becomes a process that never asks for the result of its child.
    const parent = spawn('sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 60']);
    try {
      const [line] = await once(parent.stdout, 'data');
      const pid = Number(line);
      assert.equal(processLives(pid, undefined), true);
      while (processStart(pid) !== 'ended') await setTimeout(20);
      assert.equal(processLives(pid, undefined), false);
    } finally {
      parent.kill();
    }
  });
});
