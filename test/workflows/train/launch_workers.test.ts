import assert from 'node:assert/strict';
import { join } from 'node:path';
import { inFolder } from '../../support/in_folder.ts';
import { needsCluster } from '../../support/needs_cluster.ts';
import { launch, trainingOf, writePictures } from './launched.ts';

// That it starts them again where one is lost: test/slow/launch_workers.slow.ts.
describe('launchWorkers', () => {
  before(needsCluster);

  it('starts nobody again after an error that would come again, and gives it as it is', () =>
    inFolder(async (folder) => {
      const data = join(folder, 'data');
      await writePictures(data, 8);
      const options = { ...trainingOf(data, join(folder, 'out'), 1), from: 'no-such-model' };
      await assert.rejects(launch(options), { name: 'UserError', message: /no-such-model/ });
    }));
});
