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
import { assertSameWithinRounding } from '../training/cluster/same_within_rounding.ts';
import { TwoMachines } from '../training/cluster/two_machines.ts';
import { launch, trainingOf, writePictures } from '../workflows/train/launched.ts';

const EXCHANGES = fileURLToPath(new URL('../training/cluster/exchanges.ts', import.meta.url));

/** Seconds that workers may be apart: on a busy machine they also start apart. */
const TIMEOUT = 30;

/** What a worker says at last whose peer was lost. */
function lostIn(workers: number, round?: number): RegExp {
  return new RegExp(
    `^lost: Expected all ${workers} workers in round ${round ?? '\\d+'} within ${TIMEOUT} s of each other but: `,
    'm',
  );
}

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
  const children: ChildProcess[] = [];

  before(needsCluster);
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  /** Starts as many workers as there are options, on this machine or on two. */
  async function start(options: readonly Partial<ExchangeRun>[], machines?: TwoMachines) {
    const addresses = machines
      ? machines.hosts.map((host) => `${host}:2222`)
      : await Promise.all(options.map(async () => `127.0.0.1:${await freePort()}`));
    return options.map((own, rank) =>
      startOne({ place: { addresses, rank }, ...own }, machines?.within(rank)),
    );
  }

  function startOne(worker: Omit<ExchangeRun, 'timeoutSeconds'>, within: readonly string[] = []) {
    const task: ExchangeRun = { timeoutSeconds: TIMEOUT, ...worker };
    const [command, ...args] = [
      ...within,
      ...[process.execPath, '--import', TSX, EXCHANGES, JSON.stringify(task)],
    ];
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    children.push(child);
    return new Talking(child, task);
  }

  it('killed while they exchange, ends their step', async () => {
    // Around the ring the last one waits for the second; the first never comes to the round.
    const [, second, last] = await start([{ busyAfter: 3 }, {}, {}]);
    await Promise.all([last.says('round 3'), second.says('round 3')]);
    second.child.kill('SIGKILL');
    assert.match(await last.end(), lostIn(3, 4));
  });

  it('and comes again at its address, is refused: all end', async () => {
    const [first, second] = await start([{}, { busyAfter: 3 }]);
    await second.says('round 3');
    second.child.kill('SIGKILL');
    const again = startOne({ place: second.task.place });
    assert.match(await again.end(), lostIn(2, 1));
    assert.match(await first.end(), lostIn(2, 4));
  });

  it('on a machine whose cable is pulled, ends its step and the others', async function () {
    const machines = await TwoMachines.make();
    if (typeof machines === 'string') skip(this, machines);
    try {
      const workers = await start([{}, {}], machines);
      await workers[1].says('round 3');
      await machines.cut();
      for (const worker of workers) assert.match(await worker.end(), lostIn(2));
    } finally {
      await machines.remove();
    }
  });

  // Worker 0 brings the sums together: its loss is another one to those that wait.
  for (const [name, victim] of [
    ['worker 1', 1],
    ['worker 0', 0],
  ] as const) {
    const survivor = 1 - victim;
    const busy = (rank: number) => (rank === victim ? { busyAfter: 3 } : {});

    it(`${name}, killed between two steps, ends the other's within the timeout`, async () => {
      const workers = await start([busy(0), busy(1)]);
      await workers[victim].says('round 3');
      workers[victim].child.kill('SIGKILL');
      assert.match(await workers[survivor].end(), lostIn(2, 4));
    });

    it(`${name}, killed before the first step, ends the other's within the timeout`, async () => {
      const options = [0, 1].map((rank) => (rank === victim ? { busyAfter: 0 } : {}));
      const workers = await start(options);
      await workers[victim].says('joined');
      workers[victim].child.kill('SIGKILL');
      assert.match(await workers[survivor].end(), lostIn(2, 1));
    });

    it(`${name}, which stands still, ends the other's step after the timeout`, async () => {
      const workers = await start([{}, {}]);
      await workers[victim].says('round 3');
      workers[victim].child.kill('SIGSTOP');
      assert.match(await workers[survivor].end(), lostIn(2));
    });

    it(`${name}, which stands still before the first step, ends the other's after the timeout`, async () => {
      const options = [0, 1].map((rank) => (rank === victim ? { busyAfter: 0 } : {}));
      const workers = await start(options);
      await workers[victim].says('joined');
      workers[victim].child.kill('SIGSTOP');
      assert.match(await workers[survivor].end(), lostIn(2, 1));
    });

    it(`${name}, which computes something else, ends the other's step after the timeout`, async () => {
      const workers = await start([busy(0), busy(1)]);
      assert.match(await workers[survivor].end(), lostIn(2, 4));
    });
  }
});

/** A process with what it has said. */
class Talking {
  readonly child: ChildProcess;
  readonly task: ExchangeRun;
  private said = '';
  private readonly listeners = new Set<() => void>();
  private readonly closed: Promise<void>;

  constructor(child: ChildProcess, task: ExchangeRun) {
    this.child = child;
    this.task = task;
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
