import assert from 'node:assert/strict';
import { needsCluster } from '../support/needs_cluster.ts';
import { skip } from '../support/skip.ts';
import {
  busyOrWaiting,
  ExchangingWorkers,
  lostIn,
} from '../training/cluster/exchanging_workers.ts';
import { TwoMachines } from '../training/cluster/two_machines.ts';

describe('a worker', function () {
  this.timeout(30 * 60_000);
  const workers = new ExchangingWorkers();

  before(needsCluster);
  afterEach(() => workers.end());

  it('that was killed and comes again at its address, is refused: all end', async () => {
    const [first, second] = await workers.start([busyOrWaiting(false), busyOrWaiting(true)]);
    await Promise.all([first.says('round 3'), second.says('round 3')]);
    second.kill('SIGKILL');
    await second.end();
    const again = workers.startOne({ place: second.task.place });
    await again.says('joined');
    first.goOn();
    assert.match(await again.end(), lostIn(2, 1));
    assert.match(await first.end(), lostIn(2, 4));
  });

  it('on a machine whose cable is pulled, ends its step and that of the others', async function () {
    const machines = await TwoMachines.make();
    if (typeof machines === 'string') skip(this, machines);
    try {
      const pair = await workers.start([{}, {}], machines);
      await pair[1].says('round 3');
      await machines.cut();
      for (const worker of pair) assert.match(await worker.end(), lostIn(2));
    } finally {
      await machines.remove();
    }
  });

  // Worker 0 brings the sums together: its loss is another one to those that wait.
  for (const victim of [0, 1]) {
    const other = 1 - victim;
    const late = [0, 1].map((rank) => (rank === victim ? { busyAfter: 0 } : {}));

    for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
      it(`${victim} that gets ${signal} before the first step, ends the other's within the timeout`, async () => {
        const pair = await workers.start(late);
        // One that has not joined waits for the others to start.
        await Promise.all(pair.map((worker) => worker.says('joined')));
        pair[victim].kill(signal);
        assert.match(await pair[other].end(), lostIn(2, 1));
      });
    }

    it(`${victim} that computes something else, ends the other's step after the timeout`, async () => {
      const pair = await workers.start(late);
      assert.match(await pair[other].end(), lostIn(2, 1));
    });
  }
});
