import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { clusterAddonFile } from '../../../training/cluster/addon.ts';
import { Cluster } from '../../../training/cluster/cluster.ts';
import { needsCluster } from '../../support/needs_cluster.ts';
import { freePort, runWorker } from './run_worker.ts';
import { assertSameWithinRounding } from './same_within_rounding.ts';
import type { WorkerReport } from './worker_steps.ts';

describe('the workers of a cluster', () => {
  let alone: WorkerReport;
  let first: WorkerReport;
  let second: WorkerReport;
  let addresses: string[];

  before(async function () {
    await needsCluster.call(this);
    addresses = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
    [first, second] = await Promise.all([
      runWorker({ place: { addresses, rank: 0 } }),
      runWorker({ place: { addresses, rank: 1 }, apart: true }),
    ]);
    alone = await runWorker({});
  });

  it('have the same weights to the bit after steps with dropout and batch norms', () => {
    assert.equal(second.free.sha256, first.free.sha256);
    assert.equal(second.frozen.sha256, first.frozen.sha256);
    assert.deepEqual(second.free, first.free);
  });

  it('with frozen batch norms take the steps that one process takes on the joint batches, within rounding', () => {
    assertSameWithinRounding(first.frozen, alone.frozen);
    assert.notDeepEqual(first.frozen.kernel, alone.free.kernel);
  });

  it('count the images of all shares, also where a last batch leaves none for one of them', () => {
    assert.deepEqual(first.free.images, [16, 16, 16, 9]);
  });

  it('stop together where one says so, by the clock of worker 0', () => {
    assert.deepEqual([first.agreed, second.agreed], Array(2).fill({ stop: true, seconds: 7 }));
  });

  it('gather texts of different lengths by rank', () => {
    assert.deepEqual([first.texts, second.texts], Array(2).fill(['x', 'xx']));
  });

  it('of which one has a port that is taken are told so', async () => {
    const server = createServer().listen(0);
    await once(server, 'listening');
    try {
      const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
      const place = { addresses: [address, addresses[1]], rank: 0 };
      const { signal } = new AbortController();
      await assert.rejects(Cluster.join(place, { signal }), {
        name: 'UserError',
        message: new RegExp(`^Expected a server of worker 0 \\(${address}\\) but: `),
        remedy: 'Choose a port that is free on this machine.',
      });
    } finally {
      server.close();
    }
  });

  it('that begin apart are told so by name, with what differs', () => {
    const message = `Expected the same recipe.batchSize of all workers but worker 0 (${addresses[0]}) has 16 and worker 1 (${addresses[1]}) 8`;
    assert.deepEqual([first.refusal, second.refusal], [message, message]);
  });
});

describe('clusterAddonFile', () => {
  it('refuses where the addon was not compiled, and says what brings it', () => {
    assert.throws(() => clusterAddonFile('/nowhere/cluster.node'), {
      name: 'UserError',
      message:
        'Training by several workers needs the addon at /nowhere/cluster.node, which was not compiled',
      remedy: 'Run "npm run setup"; it needs a C compiler.',
    });
  });
});
