import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inFolder } from '../support/in_folder.ts';
import { needsCluster } from '../support/needs_cluster.ts';
import { skip } from '../support/skip.ts';
import { TSX } from '../support/without_tfjs_node.ts';
import type { ExchangeRun } from '../training/cluster/exchanges.ts';
import { freePort, runWorker } from '../training/cluster/run_worker.ts';
import { TwoMachines } from '../training/cluster/two_machines.ts';
import { launch, trainingOf, writePictures } from '../workflows/train/launched.ts';

const EXCHANGES = fileURLToPath(new URL('../training/cluster/exchanges.ts', import.meta.url));

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

describe('a worker whose peer is lost', function () {
  this.timeout(30 * 60_000);
  const children: ChildProcess[] = [];

  before(needsCluster);
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  /** Starts as many workers as there are options. */
  async function start(options: readonly Partial<ExchangeRun>[], timeoutSeconds: number) {
    const addresses = await Promise.all(options.map(async () => `127.0.0.1:${await freePort()}`));
    return options.map((own, rank) => {
      const task = { place: { addresses, rank }, timeoutSeconds, ...own };
      const child = spawn(process.execPath, ['--import', TSX, EXCHANGES, JSON.stringify(task)], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      children.push(child);
      return new Talking(child);
    });
  }

  it('that was killed while they exchange, ends', async () => {
    // Around the ring the last one waits for the second; the first never comes to the round.
    const [, second, last] = await start([{ busyAfter: 3 }, {}, {}], 30);
    await Promise.all([last.says('round 3'), second.says('round 3')]);
    second.child.kill('SIGKILL');
    assert.match(
      await last.end(),
      /^lost: Expected all 3 workers in round 4 within 30 s of each other but: /m,
    );
  });

  it('that was killed between two steps, ends after the timeout', async () => {
    const [first, second] = await start([{}, { busyAfter: 3 }], 30);
    await second.says('round 3');
    second.child.kill('SIGKILL');
    assert.match(
      await first.end(),
      /^lost: Expected all 2 workers in round 4 within 30 s of each other but: /m,
    );
  });

  it('that stands still, or computes something else, ends after the timeout', async () => {
    const [first, second] = await start([{}, {}], 30);
    await first.says('round 3');
    second.child.kill('SIGSTOP');
    assert.match(
      await first.end(),
      /^lost: Expected all 2 workers in round \d+ within 30 s of each other but: /m,
    );
    const [third] = await start([{}, { busyAfter: 2 }], 30);
    assert.match(
      await third.end(),
      /^lost: Expected all 2 workers in round 3 within 30 s of each other but: /m,
    );
  });
});

/** A process with what it has said. */
class Talking {
  readonly child: ChildProcess;
  private said = '';
  private readonly listeners = new Set<() => void>();
  private readonly closed: Promise<void>;

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.said += text;
      for (const listener of this.listeners) listener();
    });
    this.closed = new Promise((resolve) => child.on('close', () => resolve()));
  }

  says(words: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (this.said.includes(`${words}\n`)) resolve();
      };
      this.listeners.add(look);
      void this.closed.then(() => reject(new Error(`It ended before ${words}: ${this.said}`)));
      look();
    });
  }

  /** @returns all that it has said, once it has ended */
  async end(): Promise<string> {
    await this.closed;
    return this.said;
  }
}
