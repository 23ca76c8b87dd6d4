import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunRecord } from '../../workflows/records/run_record.ts';
import type { CostEstimate } from '../../workflows/reproduce/cost.ts';
import { runTf8 } from '../scripts/run_tf8.ts';
import { inFolder } from '../support/in_folder.ts';
import { writeFewImages } from '../workflows/reproduce/support.ts';

async function reproduce(runsDir: string, ...options: string[]): Promise<string> {
  const { status, stdout, stderr } = await runTf8([
    'reproduce',
    '--runs-dir',
    runsDir,
    ...options,
    '--json',
  ]);
  assert.equal(status, 0, stderr);
  return (JSON.parse(stdout) as { dir: string }).dir;
}

describe('tf8 reproduce', function () {
  this.timeout(45 * 60_000);

  it('gives the same record, byte for byte, for the same seed', () =>
    inFolder(async (folder) => {
      const short = [
        '--train-images',
        '128',
        '--test-images',
        '200',
        '--epochs',
        '1',
        '--rearchitect-images',
        '20',
      ];
      const [first, second] = ['a', 'b'].map((name) => join(folder, name));
      const records: string[] = [];
      for (const runsDir of [first, second]) {
        const dir = await reproduce(runsDir, ...short, '--calibration-images', '20');
        records.push(await readFile(join(dir, 'run.json'), 'utf8'));
      }
      assert.equal(records[0], records[1]);
    }));

  it('loses at least 8 points for standard in TF8, and less than half of that for friendly', () =>
    inFolder(async (folder) => {
      const dir = await reproduce(folder);
      const { rows } = JSON.parse(await readFile(join(dir, 'run.json'), 'utf8')) as RunRecord;
      const lossOf = (name: string) => rows.find(({ row }) => row === name)!.lossPoints;
      assert.ok(lossOf('standard') >= 8, `standard loses ${lossOf('standard')}`);
      for (const name of ['friendly', 'friendly-rearchitected']) {
        assert.ok(lossOf(name) < lossOf('standard') / 2, `${name} loses ${lossOf(name)}`);
      }
      assert.ok(rows.some(({ row }) => row === 'option-1'));
    }));

  it('estimates the cost of the paper’s table on the whole of ImageNet from a few images', () =>
    inFolder(async (folder) => {
      const data = await writeFewImages(folder);
      const { status, stdout, stderr } = await runTf8([
        'reproduce',
        '--dataset',
        'imagenet',
        '--preset',
        'paper',
        '--data',
        data,
        '--runs-dir',
        join(folder, 'runs'),
        '--estimate',
        '--json',
      ]);
      assert.equal(status, 0, stderr);
      const { rows, wholeSeconds, whole } = JSON.parse(stdout) as CostEstimate;
      assert.equal(rows.length, 7);
      assert.deepEqual(whole, { trainImages: 1_281_167, testImages: 50_000 });
      const day = 86_400;
      assert.ok(wholeSeconds! > day, `${wholeSeconds! / day} days`);
    }));
});
