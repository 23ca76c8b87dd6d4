import assert from 'node:assert/strict';
import { access, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ReproduceOptions, reproduce } from '../../../scripts/jobs/reproduce.ts';
import { inFolder } from '../../support/in_folder.ts';
import { contextOf } from '../support.ts';

/** Fails when it opens its data. */
const WITHOUT_DATA: ReproduceOptions = {
  imagenet: 'no such folder',
  trainImages: 1,
  testImages: 1,
  epochs: 1,
  resolution: 32,
  calibrationImages: 1,
  seed: 0,
  runsDir: '',
};

describe('reproduce', () => {
  it('refuses a --runs-dir that is a file before it opens anything', () =>
    inFolder(async (folder) => {
      const runsDir = join(folder, 'file');
      await writeFile(runsDir, '');
      await assert.rejects(reproduce({ ...WITHOUT_DATA, runsDir }, contextOf()), {
        name: 'UserError',
        message: /^Expected a folder at .*file.reproduce-[0-9a-f]{8} but a file is in its place\.$/,
      });
    }));

  it('leaves no record of an earlier run with the same configuration when it fails', () =>
    inFolder(async (runsDir) => {
      const run = () =>
        assert.rejects(reproduce({ ...WITHOUT_DATA, runsDir }, contextOf()), /no such folder/);
      await run();
      const record = join(runsDir, (await readdir(runsDir))[0]!, 'run.json');
      await writeFile(record, '{}');
      await run();
      await assert.rejects(access(record), { code: 'ENOENT' });
    }));
});
