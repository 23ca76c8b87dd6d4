import assert from 'node:assert/strict';
import { join } from 'node:path';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { inFolder } from '../support/in_folder.ts';
import { needsCluster } from '../support/needs_cluster.ts';
import { launch, once, trainingOf, writePictures } from '../workflows/train/launched.ts';

/** So many that every kill still meets steps: the smallest network takes some hundred a second. */
const EPOCHS = 40;
const STEPS_OF_EPOCH = 6;
const KILLS = 10;

const random = xoroshiro128plus(21);
const below = (limit: number) => uniformInt(random, 0, limit - 1);

describe('the workers of a training', function () {
  this.timeout(2 * 60 * 60_000);
  before(needsCluster);

  it(`killed ${KILLS} times, one of them or both, end with the bytes of those that were not`, () =>
    inFolder(async (folder) => {
      const data = join(folder, 'data');
      await writePictures(data, 48);
      const options = (out: string) => trainingOf(data, join(folder, out), EPOCHS);
      const whole = await launch(options('whole'));
      assert.equal(whole.result.training.steps, STEPS_OF_EPOCH * EPOCHS);
      assert.equal(new Set(whole.result.workers!.map((worker) => worker.weightsSha256)).size, 1);
      const again = await launch(options('again'));
      assert.deepEqual(again.result.workers, whole.result.workers);

      const killed = await launch(options('killed'), {
        disturbance: {
          afterImages: (start) => (start < KILLS ? below(40) : undefined),
          disturb: (pids) => {
            const victims = [[0], [1], [0, 1]][below(3)];
            for (const victim of victims) process.kill(pids[victim], 'SIGKILL');
          },
        },
        restarts: KILLS,
      });
      assert.equal(killed.starts, KILLS + 1, killed.messages.join('\n'));
      assert.deepEqual(killed.result.workers, whole.result.workers);
    }));

  for (const victim of [0, 1]) {
    it(`worker ${victim}, which stands still, ends the step within the time, and all start again`, () =>
      inFolder(async (folder) => {
        const data = join(folder, 'data');
        await writePictures(data, 48);
        const options = { ...trainingOf(data, join(folder, 'out'), EPOCHS), workerTimeout: 60 };
        const { result, messages, starts } = await launch(options, {
          disturbance: once(48, (pids) => process.kill(pids[victim], 'SIGSTOP')),
        });
        assert.ok(starts >= 2);
        const failure = messages.find((message) =>
          message.startsWith(`Worker ${1 - victim} failed`),
        );
        assert.match(
          failure!,
          /all 2 workers in (step \d+|an agreement) within 60 s of each other/,
        );
        assert.equal(result.training.steps, STEPS_OF_EPOCH * EPOCHS);
      }));
  }

  it('stop after the same step on Ctrl-C, and go on from there', () =>
    inFolder(async (folder) => {
      const data = join(folder, 'data');
      await writePictures(data, 48);
      const options = trainingOf(data, join(folder, 'out'), EPOCHS);
      const stopped = await launch(options, { disturbance: once(48, (_, abort) => abort.abort()) });
      const { interrupted, steps } = stopped.result.training;
      assert.ok(interrupted && steps < STEPS_OF_EPOCH * EPOCHS);
      assert.equal(new Set(stopped.result.workers!.map((worker) => worker.weightsSha256)).size, 1);
      const resumed = await launch({ ...options, resume: true });
      assert.ok(resumed.messages.includes(`Resuming after step ${steps}.`));
      const whole = await launch(trainingOf(data, join(folder, 'whole'), EPOCHS));
      assert.deepEqual(resumed.result.workers, whole.result.workers);
    }));
});
