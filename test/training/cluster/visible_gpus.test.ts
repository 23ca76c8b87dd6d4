import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { environmentOf, visibleGpus } from '../../../training/cluster/visible_gpus.ts';
import { inFolder } from '../../support/in_folder.ts';

describe('visibleGpus', () => {
  it('are those of CUDA_VISIBLE_DEVICES, else all of the driver', () =>
    inFolder(async (folder) => {
      assert.deepEqual(await visibleGpus('3,1', folder), ['3', '1']);
      assert.deepEqual(await visibleGpus('', folder), []);
      assert.deepEqual(await visibleGpus(undefined, join(folder, 'none')), []);
      for (const slot of ['0000:01:00.0', '0000:02:00.0']) await mkdir(join(folder, slot));
      assert.deepEqual(await visibleGpus(undefined, folder), ['0', '1']);
    }));
});

describe('the environment of a worker', () => {
  it('has a GPU of its own, in turn where there are fewer than workers, and nothing where there is none', () => {
    const devices = [0, 1, 2].map((rank) => environmentOf(rank, ['3', '1']).CUDA_VISIBLE_DEVICES);
    assert.deepEqual(devices, ['3', '1', '3']);
    assert.deepEqual(environmentOf(0, []), {});
  });
});
