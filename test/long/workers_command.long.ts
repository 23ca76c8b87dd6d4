import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runTf8 } from '../scripts/run_tf8.ts';
import { inFolder } from '../support/in_folder.ts';
import { needsCluster } from '../support/needs_cluster.ts';
import { skip } from '../support/skip.ts';
import { freePort } from '../training/cluster/run_worker.ts';
import { TwoMachines } from '../training/cluster/two_machines.ts';
import { writePictures } from '../workflows/train/launched.ts';

const EPOCHS = 60;
const TIMEOUT_SECONDS = 120;

/** A training of the smallest network by two processes, each of which stores or compares. */
const argumentsOf = (data: string, out: string) => [
  ...['train', '--json', '--resume', '--data', data, '--out', out],
  ...['--network', 'mobilenet_v1', '--variant', 'standard', '--width-multiplier', '0.02'],
  ...['--recipe', 'scratch-small', '--resolution', '32', '--batch-size', '8'],
  ...['--epochs', `${EPOCHS}`, '--validation-images', '0', '--seed', '3'],
  ...['--checkpoint-steps', '4', '--worker-timeout', `${TIMEOUT_SECONDS}`],
];

/** Steps of the newest checkpoint; 0 before the first. */
async function newestStep(out: string): Promise<number> {
  const names = await readdir(join(out, 'checkpoints')).catch(() => [] as string[]);
  return Math.max(0, ...names.map((name) => Number(/^step-(\d+)\./.exec(name)?.[1] ?? 0)));
}

/** Kills a process once a checkpoint of more steps than there were is stored. */
async function killLater(child: ChildProcess, out: string): Promise<void> {
  const before = await newestStep(out);
  while ((await newestStep(out)) <= before && child.exitCode === null) await sleep(10);
  child.kill('SIGKILL');
}

describe('tf8 train', function () {
  this.timeout(2 * 60 * 60_000);
  before(needsCluster);

  describe('--cluster on two machines', () => {
    let machines: TwoMachines;

    before(async function () {
      const made = await TwoMachines.make();
      if (typeof made === 'string') skip(this, made);
      machines = made;
    });
    after(() => machines?.remove());

    it('ends by an error where a worker was killed, and resumed with the bytes of one machine', () =>
      inFolder(async (folder) => {
        const data = join(folder, 'data');
        await writePictures(data, 48);
        const train = async (addresses: string[], out: string, far: boolean, victim?: number) => {
          let killing: Promise<void> | undefined;
          const ends = await Promise.all(
            addresses.map((_, rank) =>
              runTf8(
                [
                  ...argumentsOf(data, join(folder, out)),
                  ...['--cluster', addresses.join(','), '--rank', `${rank}`],
                ],
                {
                  within: far ? machines.within(rank) : [],
                  onStart: (child) => {
                    if (rank === victim) killing = killLater(child, join(folder, out));
                  },
                },
              ),
            ),
          );
          await killing;
          return ends;
        };
        const weights = (ends: Awaited<ReturnType<typeof train>>) =>
          ends.map(({ status, stdout, stderr }) => {
            assert.equal(status, 0, stderr);
            return JSON.parse(stdout).workers;
          });

        const near = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
        const [whole] = weights(await train(near, 'whole', false));
        const far = machines.hosts.map((host) => `${host}:2222`);
        for (const victim of [1, 0]) {
          const ends = await train(far, 'killed', true, victim);
          assert.equal(ends[victim].status, null, ends[victim].stderr);
          const { status, stderr } = ends[1 - victim];
          assert.equal(status, 1);
          assert.match(
            stderr,
            /^Error: Expected all 2 workers in step \d+ within 120 s of each other but: .*\n.*--resume/m,
          );
        }
        const resumed = await train(far, 'killed', true);
        assert.match(resumed[0].stderr, /Resuming after step \d+\./);
        assert.deepEqual(weights(resumed), [whole, whole]);
      }));
  });

  it('--workers 2, killed with all its workers gone, resumes to the bytes of the whole', () =>
    inFolder(async (folder) => {
      const data = join(folder, 'data');
      await writePictures(data, 48);
      const args = (out: string) => [...argumentsOf(data, join(folder, out)), '--workers', '2'];
      const whole = await runTf8(args('whole'));
      assert.equal(whole.status, 0, whole.stderr);
      let killing: Promise<void> | undefined;
      const killed = await runTf8(args('killed'), {
        onStart: (child) => {
          killing = killLater(child, join(folder, 'killed'));
        },
      });
      await killing;
      assert.equal(killed.status, null, killed.stderr);
      // The folder's lock is free once they have seen that the launcher is gone.
      const resumed = await runTf8(args('killed'));
      assert.equal(resumed.status, 0, resumed.stderr);
      assert.deepEqual(JSON.parse(resumed.stdout).workers, JSON.parse(whole.stdout).workers);
    }));
});
