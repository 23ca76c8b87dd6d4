import assert from 'node:assert/strict';
import { join } from 'node:path';
import { inFolder } from '../support/in_folder.ts';
import { needsCluster } from '../support/needs_cluster.ts';
import { skip } from '../support/skip.ts';
import {
  busyOrWaiting,
  ExchangingWorkers,
  lostIn,
} from '../training/cluster/exchanging_workers.ts';
import { freePort, runWorker } from '../training/cluster/run_worker.ts';
import { assertSameWithinRounding } from '../training/cluster/same_within_rounding.ts';
import { TwoMachines } from '../training/cluster/two_machines.ts';
import { launch, trainingOf, writePictures } from '../workflows/train/launched.ts';

describe('four workers of one machine', function () {
  this.timeout(30 * 60_000);
  before(needsCluster);

  it('have the same weights to the bit after 50 steps and more, and again when they are repeated', () =>
    inFolder(async (folder) => {
      const data = join(folder, 'data');
      await writePictures(data, 48);
      const trained = async (out: string) => {
        const options = { ...trainingOf(data, join(folder, out), 9), workerTimeout: 300 };
        const { result } = await launch(options, { workers: 4 });
        assert.equal(result.training.steps, 54);
        return result.workers!.map(({ weightsSha256 }) => weightsSha256);
      };
      const hashes = await trained('first');
      assert.equal(hashes.length, 4);
      assert.equal(new Set(hashes).size, 1);
      assert.deepEqual(await trained('again'), hashes);
    }));
});

describe('four workers with frozen batch norms', function () {
  this.timeout(30 * 60_000);
  before(needsCluster);

  it('take the steps that one process takes on the joint batches, within rounding', async () => {
    const addresses: string[] = [];
    while (addresses.length < 4) addresses.push(`127.0.0.1:${await freePort()}`);
    const workers = await Promise.all(
      addresses.map((_, rank) => runWorker({ place: { addresses, rank } })),
    );
    const alone = await runWorker({});
    for (const { frozen, free } of workers) {
      assertSameWithinRounding(frozen, alone.frozen);
      assert.equal(frozen.sha256, workers[0].frozen.sha256);
      assert.equal(free.sha256, workers[0].free.sha256);
    }
  });
});

describe('workers in two networks, as on two machines', function () {
  this.timeout(20 * 60_000);
  let machines: TwoMachines;

  before(async function () {
    await needsCluster.call(this);
    const made = await TwoMachines.make();
    if (typeof made === 'string') skip(this, made);
    machines = made;
  });

  after(() => machines?.remove());

  it('train to the weights of workers on one machine, to the bit', async () => {
    const far = machines.hosts.map((host) => `${host}:2222`);
    const near = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
    const run = (addresses: string[], within: (rank: number) => readonly string[]) =>
      Promise.all([0, 1].map((rank) => runWorker({ place: { addresses, rank } }, within(rank))));
    const apart = await run(far, (rank) => machines.within(rank));
    const together = await run(near, () => []);
    for (const { free, frozen } of apart) {
      assert.deepEqual(free, together[0].free);
      assert.deepEqual(frozen, together[0].frozen);
    }
  });
});

describe('a worker that is lost', function () {
  this.timeout(30 * 60_000);
  const workers = new ExchangingWorkers();

  before(needsCluster);
  afterEach(() => workers.end());

  it('while they exchange, ends their step', async () => {
    // Around the ring the last one waits for the second; the first never comes to the round.
    const [, second, last] = await workers.start([{ busyAfter: 3 }, {}, {}]);
    await Promise.all([last.says('round 3'), second.says('round 3')]);
    second.kill('SIGKILL');
    assert.match(await last.end(), lostIn(3, 4));
  });

  // Worker 0 brings the sums together: its loss is another one to those that wait.
  const each = (lose: (victim: number) => Promise<void>) => Promise.all([lose(0), lose(1)]);

  it('between two steps, ends the next one of the others within the timeout', () =>
    each(async (victim) => {
      const pair = await workers.start([0, 1].map((rank) => busyOrWaiting(rank === victim)));
      await Promise.all(pair.map((worker) => worker.says('round 3')));
      pair[victim].kill('SIGKILL');
      await pair[victim].end();
      pair[1 - victim].goOn();
      assert.match(await pair[1 - victim].end(), lostIn(2, 4));
    }));

  it('as it stands still, ends the step of the others after the timeout', () =>
    each(async (victim) => {
      const pair = await workers.start([{}, {}]);
      await pair[victim].says('round 3');
      pair[victim].kill('SIGSTOP');
      assert.match(await pair[1 - victim].end(), lostIn(2));
    }));
});
