import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { publishedTables, publishTable } from '../../../scripts/docs/results.ts';
import { writeRun } from '../../../workflows/records/run_record.ts';
import { runReport } from '../../../workflows/records/run_report.ts';
import { inFolder } from '../../support/in_folder.ts';
import { RECORD, TIMING } from '../../workflows/records/support.ts';

describe('published results', () => {
  it('are the record with its times, and the table made from them', () =>
    inFolder(async (folder) => {
      const [run, results] = [join(folder, 'run'), join(folder, 'results')];
      await writeRun(run, RECORD, TIMING, 'not what is published');
      assert.equal(await publishTable(run, results), 'reproduce-cifar10-standard');
      const files = ['reproduce-cifar10-standard.json', 'reproduce-cifar10-standard.md'];
      assert.deepEqual((await readdir(results)).sort(), files);
      const text = (name: string) => readFile(join(results, name), 'utf8');
      assert.deepEqual(JSON.parse(await text(files[0])), { ...RECORD, timing: TIMING });
      assert.equal(await text(files[1]), `${runReport(RECORD, TIMING)}\n`);
    }));

  it('are taken by their names', () =>
    inFolder(async (folder) => {
      await writeFile(join(folder, 'b.md'), '| B |\n');
      await writeFile(join(folder, 'a.md'), '| A |\n');
      await writeFile(join(folder, 'a.json'), '{}');
      assert.deepEqual(
        [...(await publishedTables(folder))],
        [
          ['a', '| A |'],
          ['b', '| B |'],
        ],
      );
    }));
});
