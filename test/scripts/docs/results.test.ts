import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { publishElsewhere, publishedTables, publishTable } from '../../../scripts/docs/results.ts';
import { publishedRuns, runsElsewhere } from '../../../workflows/records/published_runs.ts';
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

  it('keep what other machines and other seeds made, beside the table that is shown', () =>
    inFolder(async (folder) => {
      const results = join(folder, 'results');
      const { name, environment } = RECORD;
      const there = { ...RECORD, environment: { ...environment, processor: 'another' } };
      const seeded = { ...RECORD, configuration: { seeds: [2] } };
      assert.deepEqual(await publishedRuns(results, name), []);
      for (const record of [RECORD, there, seeded, there]) {
        const run = join(folder, 'run');
        await writeRun(run, record, TIMING, '');
        const path = await publishElsewhere(run, results);
        assert.match(path, /^elsewhere.reproduce-cifar10-standard-[0-9a-f]{8}\.json$/);
      }
      const elsewhere = await runsElsewhere(results, name);
      assert.equal(elsewhere.length, 3);
      await writeRun(join(folder, 'run'), RECORD, TIMING, '');
      await publishTable(join(folder, 'run'), results);
      const [shown, ...others] = await publishedRuns(results, name);
      assert.deepEqual(shown, { ...RECORD, timing: TIMING });
      assert.deepEqual(others, elsewhere);
      assert.deepEqual(await runsElsewhere(results, 'reproduce-cifar10'), []);
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
