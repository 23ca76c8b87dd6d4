import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readRecords } from '../../../scripts/docs/records.ts';
import { publishTable } from '../../../scripts/docs/results.ts';
import { writeRun } from '../../../workflows/records/run_record.ts';
import { inFolder } from '../../support/in_folder.ts';
import { RECORD, TIMING } from '../../workflows/records/support.ts';
import { REARCHITECT } from './support.ts';

describe('readRecords', () => {
  it('takes what is there', () =>
    inFolder(async (folder) => {
      await writeFile(join(folder, 'rearchitect.json'), JSON.stringify(REARCHITECT));
      assert.deepEqual(await readRecords(folder), {
        explain: undefined,
        paperFigures: undefined,
        rearchitect: REARCHITECT,
        granularity: undefined,
        agreement: undefined,
        models: undefined,
        recipes: undefined,
        quantizationAware: undefined,
        workers: undefined,
        table: undefined,
        ways: undefined,
        quick: undefined,
        quickElsewhere: [],
        tableElsewhere: [],
        trainings: [],
      });
    }));

  it('takes the table as "npm run docs" publishes it, times included', () =>
    inFolder(async (folder) => {
      const run = join(folder, 'run');
      await writeRun(run, RECORD, TIMING, '');
      await publishTable(run, folder);
      assert.deepEqual((await readRecords(folder)).table, { ...RECORD, timing: TIMING });
    }));

  it('refuses a damaged record, saying which and why', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'rearchitect.json');
      await writeFile(path, '{');
      await assert.rejects(readRecords(folder), {
        name: 'UserError',
        message: /^Expected a record in .*rearchitect\.json but: .*JSON/,
      });
      await writeFile(path, JSON.stringify({ ...REARCHITECT, fits: [] }));
      await assert.rejects(readRecords(folder), {
        name: 'UserError',
        message: /^Expected a record in .*rearchitect\.json but: fits: /,
      });
    }));
});
