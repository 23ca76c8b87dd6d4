import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readRecords } from '../../../scripts/docs/records.ts';
import { inFolder } from '../../support/in_folder.ts';
import { REARCHITECT } from './support.ts';

describe('readRecords', () => {
  it('takes what is there', () =>
    inFolder(async (folder) => {
      await writeFile(join(folder, 'rearchitect.json'), JSON.stringify(REARCHITECT));
      assert.deepEqual(await readRecords(folder), {
        explain: undefined,
        rearchitect: REARCHITECT,
        table: undefined,
      });
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
