import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatMetricLine, type MetricLine } from '../../../training/watch/metric_lines.ts';
import { reportRun } from '../../../workflows/report/report_run.ts';
import { contextOf, saveTinyModel } from '../../scripts/support.ts';
import { inFolder } from '../../support/in_folder.ts';

const STEPS: readonly MetricLine[] = [1, 2, 3, 4].map((step) => ({
  kind: 'step',
  step,
  steps: 1,
  loss: 2 / step,
  accuracy: 10 * step,
  learningRate: 0.1,
  time: { imagesPerSecond: 10, waitShare: 0, trainedSeconds: step },
}));
const EPOCHS: readonly MetricLine[] = [1, 2].map((epoch) => ({
  kind: 'epoch',
  epoch,
  step: 2 * epoch,
  loss: 1 / epoch,
  accuracy: 20 * epoch,
  validation: { loss: 1, top1: 50 - 10 * epoch, top5: 80 },
  time: { trainedSeconds: 2 * epoch },
}));

const write = (dir: string, lines: readonly MetricLine[]) =>
  writeFile(join(dir, 'metrics.jsonl'), lines.map(formatMetricLine).join(''));
const report = (dir: string) => reportRun({ run: dir, runsDir: 'nowhere' }, contextOf());

describe('the report of a training', () => {
  it('has the curve, every epoch, and the settings', () =>
    inFolder(async (dir) => {
      await saveTinyModel(dir, 1000);
      const path = join(dir, 'model.json');
      const json = JSON.parse(await readFile(path, 'utf8'));
      json.userDefinedMetadata.tf8.training = { recipe: { momentum: 0.9 }, seed: 3, images: 40 };
      await writeFile(path, JSON.stringify(json));
      await write(dir, [...STEPS, ...EPOCHS]);
      const written = await report(dir);
      assert.equal(written.figureCount, 1);
      assert.deepEqual((await readdir(written.figures)).sort(), [
        'training-curve.png',
        'training-curve.svg',
      ]);
      const page = await readFile(written.report, 'utf8');
      assert.match(page, /<h1>made up for a test<\/h1>/);
      assert.match(
        page,
        /Top-1 on images held out: 30\.0 % after epoch 2, 40\.0 % at best, after epoch 1\./,
      );
      assert.match(page, /<th scope="row">2<\/th><td class="number">4<\/td>/);
      assert.match(page, /loss \(nats\)/);
      assert.match(page, /<dt>seed<\/dt><dd>3<\/dd>/);
      assert.match(page, /&quot;momentum&quot;: 0\.9/);
      assert.doesNotMatch(page, /Not in this run/);
      await report(dir); // and again, over its own
    }));

  it('is there while the training goes on, and says what is not', () =>
    inFolder(async (dir) => {
      await write(dir, STEPS);
      const page = await readFile((await report(dir)).report, 'utf8');
      assert.match(page, /After 4 steps the loss is 0\.5 nats and the accuracy 40\.0 %/);
      assert.match(page, /Network, data and recipe: the training has not stored its network yet/);
    }));

  it('is refused before the first step, and of a damaged network', () =>
    inFolder(async (dir) => {
      await write(dir, []);
      await assert.rejects(report(dir), { name: 'UserError', message: /has not made a step yet$/ });
      await write(dir, STEPS);
      await writeFile(join(dir, 'model.json'), '{');
      await assert.rejects(report(dir), { name: 'UserError', message: /model\.json but: / });
    }));
});
