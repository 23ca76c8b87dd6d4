import assert from 'node:assert/strict';
import { join } from 'node:path';
import { processorName } from '../../../foundation/processes/processor.ts';
import { repositoryRoot } from '../../../foundation/repository.ts';
import { publishedRuns } from '../../../workflows/records/published_runs.ts';
import { writeRun } from '../../../workflows/records/run_record.ts';
import { planInWords } from '../../../workflows/reproduce/known_time.ts';
import type { OpenTable } from '../../../workflows/reproduce/open_table.ts';
import { planRows } from '../../../workflows/reproduce/plan.ts';
import { presetOf } from '../../../workflows/reproduce/presets.ts';
import { inFolder } from '../../support/in_folder.ts';

const NAME = 'reproduce-fashion-mnist-quick';

function table(there: boolean, seeds: readonly number[] = [0]): OpenTable {
  const preset = presetOf('fashion-mnist', 'quick');
  const networks = { find: async () => (there ? ({} as never) : undefined) };
  return {
    preset,
    rows: planRows({ preset, seeds, withPublishedRows: false }),
    networks,
  } as unknown as OpenTable;
}

describe('planInWords', () => {
  it('names the rows, and what they took on the machine of the published record', () =>
    inFolder(async (runsDir) => {
      const text = await planInWords(table(false), NAME, runsDir);
      const [title, ...rows] = text.split('\n');
      const total = rows.pop()!;
      assert.equal(title, 'Plan: 5 rows.');
      assert.deepEqual(
        rows.map((row) => row.split(':', 1)[0]),
        [
          '  - standard',
          '  - standard, Option 1',
          '  - standard, best without training',
          '  - friendly',
          '  - friendly by re-architecture',
        ],
      );
      assert.match(
        total,
        /^Estimated total: about \d+ min, as on .+ with \d+ threads(, beside other programs)?; this machine is .+ with \d+\.$/,
      );
    }));

  it('goes by what this machine has made of all rows, not by a part or by another machine', () =>
    inFolder(async (runsDir) => {
      const [published] = await publishedRuns(join(repositoryRoot(), 'bench', 'results'), NAME);
      const { timing, ...record } = published!;
      const environment = { ...record.environment, processor: await processorName() };
      const made = { ...record, environment };
      const part = { ...made, rows: made.rows.slice(1) };
      const there = { ...made, environment: { ...environment, processor: 'another' } };
      await writeRun(join(runsDir, `${NAME}-0`), there, timing, '');
      await writeRun(join(runsDir, `${NAME}-1`), part, timing, '');
      assert.match(await planInWords(table(false), NAME, runsDir), /; this machine is /);
      await writeRun(join(runsDir, `${NAME}-2`), made, timing, '');
      assert.match(await planInWords(table(false), NAME, runsDir), /, as it took here before\.$/);
    }));

  it('counts every seed', () =>
    inFolder(async (runsDir) => {
      const seconds = async (seeds: readonly number[]) => {
        const text = await planInWords(table(false, seeds), NAME, runsDir);
        const [, minutes] = /Estimated total: about (\d+) min/.exec(text)!;
        return 60 * Number(minutes);
      };
      const ratio = (await seconds([0, 1, 2])) / (await seconds([0]));
      assert.ok(Math.abs(ratio - 3) < 0.5, `${ratio}`);
    }));

  it('says that all is there where it is', () =>
    inFolder(async (runsDir) => {
      assert.match(await planInWords(table(true), NAME, runsDir), /are there from an earlier run/);
    }));

  it('says that nothing is known of a table that nobody has made', () =>
    inFolder(async (runsDir) => {
      const text = await planInWords(table(false), 'reproduce-cifar10-nowhere', runsDir);
      assert.match(text, /No equal table has been made yet/);
    }));
});
