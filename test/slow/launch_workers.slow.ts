import assert from 'node:assert/strict';
import { join } from 'node:path';
import { inFolder } from '../support/in_folder.ts';
import { needsCluster } from '../support/needs_cluster.ts';
import { launch, once, trainingOf, writePictures } from '../workflows/train/launched.ts';

describe('launchWorkers', () => {
  before(needsCluster);

  it('starts all workers again from the newest checkpoint after one was killed, and says so', () =>
    inFolder(async (folder) => {
      const data = join(folder, 'data');
      await writePictures(data, 48);
      const { result, messages, starts } = await launch(trainingOf(data, join(folder, 'out'), 2), {
        disturbance: once(48, ([, second]) => process.kill(second, 'SIGKILL')),
      });
      assert.equal(starts, 2);
      assert.ok(
        messages.includes(
          'Worker 1 failed: it ended with SIGKILL. All 2 workers start again from the newest checkpoint (restart 1 of 3).',
        ),
        messages.join('\n'),
      );
      assert.ok(messages.some((message) => /^Resuming after step \d+\.$/.test(message)));
      const { weightsSha256 } = result.card;
      assert.deepEqual(result.workers, [
        { rank: 0, weightsSha256 },
        { rank: 1, weightsSha256 },
      ]);
      assert.equal(result.training.steps, 12);
    }));
});
