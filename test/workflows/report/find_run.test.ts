import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findRun } from '../../../workflows/report/find_run.ts';
import { inFolder } from '../../support/in_folder.ts';

describe('findRun', () => {
  const withRuns = (names: readonly string[], look: (runsDir: string) => Promise<unknown>) =>
    inFolder(async (runsDir) => {
      for (const name of names) {
        await mkdir(join(runsDir, name));
        await writeFile(join(runsDir, name, 'run.json'), '{}');
      }
      await mkdir(join(runsDir, 'networks'));
      await look(runsDir);
    });

  it('takes a folder, the record in it, the name of one, and the name without its hash', () =>
    withRuns(['analyze-a-01234567', 'analyze-a-b-01234567'], async (runsDir) => {
      const dir = join(runsDir, 'analyze-a-01234567');
      assert.equal(await findRun(dir, 'elsewhere'), dir);
      assert.equal(await findRun(join(dir, 'run.json'), 'elsewhere'), dir);
      assert.equal(await findRun('analyze-a-01234567', runsDir), dir);
      assert.equal(await findRun('analyze-a', runsDir), dir);
    }));

  it('refuses a name of several runs, and says which there are', () =>
    withRuns(['analyze-a-01234567', 'analyze-a-89abcdef'], (runsDir) =>
      assert.rejects(findRun('analyze-a', runsDir), {
        name: 'UserError',
        message: `Expected the name of one run but "analyze-a" is that of 2 in ${runsDir}`,
        remedy: 'Give one of analyze-a-01234567, analyze-a-89abcdef.',
      }),
    ));

  it('refuses what is no run, and says which runs there are', () =>
    withRuns(['analyze-a-01234567'], async (runsDir) => {
      await assert.rejects(findRun('analyze-b', runsDir), {
        name: 'UserError',
        message: `Expected a run's folder or its name in ${runsDir} but "analyze-b" is neither`,
        remedy: 'There are: analyze-a-01234567.',
      });
      await assert.rejects(findRun('analyze-b', join(runsDir, 'none')), {
        name: 'UserError',
        remedy: /^Give the folder that `reproduce\(\)` or `analyze\(\)` names/,
      });
    }));

  it('refuses a folder without a record', () =>
    withRuns([], async (runsDir) => {
      const dir = join(runsDir, 'networks');
      await assert.rejects(findRun(dir, runsDir), {
        name: 'UserError',
        message: `Expected the record of a run in ${dir} but there is no run.json`,
      });
    }));
});
