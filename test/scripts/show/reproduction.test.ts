import assert from 'node:assert/strict';
import { fitLines } from '../../../foundation/reporting/fit_lines.ts';
import { showReproduction } from '../../../scripts/show/reproduction.ts';
import { accuracyRow } from '../../../workflows/records/accuracy_row.ts';
import { DESCRIPTION, RECORD, seedFigures, TIMING } from '../../workflows/records/support.ts';

const RESULT = { record: RECORD, dir: 'runs/x', report: 'runs/x/report.html' };

describe('showReproduction', () => {
  it('tells what is the same in every row once, and what each row took', () => {
    assert.equal(
      showReproduction(RESULT, TIMING),
      `
| network  |      float |        TF8 |       loss | paper: float | paper: TF8 | paper: loss |
| -------- | ---------: | ---------: | ---------: | -----------: | ---------: | ----------: |
| standard | 81.0 ± 1.4 | 70.0 ± 0.0 | 11.0 ± 1.4 |        70.50 |       1.80 |       68.70 |

Of all rows: data cifar10, images 500, seeds 2.
Top-1 in percent, mean ± sample standard deviation over the seeds. The paper’s columns (arXiv 1803.08607) are for the ImageNet validation set, whatever data the row was measured on.

- standard: published weights, finetune at 96 × 96, 2 epochs × 10000 images; trained in 2:05, measured in 1:01

- InceptionV3 is left out.

The record is in runs/x
The report is runs/x/report.html`,
    );
  });

  it('has a column for what differs between rows', () => {
    const published = { ...DESCRIPTION, network: 'as published', dataset: 'imagenet' };
    const rows = [...RECORD.rows, accuracyRow(published, [seedFigures(0, 70, 2)])];
    const text = showReproduction({ ...RESULT, record: { ...RECORD, rows } }, TIMING);
    assert.match(text, /^\| network +\| data +\| seeds \| +float /m);
    assert.match(text, /^Of all rows: images 500\.$/m);
  });

  it('fits 80 columns, also where nothing was made', () => {
    for (const rows of [RECORD.rows, []]) {
      const text = showReproduction({ ...RESULT, record: { ...RECORD, rows } }, TIMING);
      for (const line of fitLines(text, 80).split('\n')) assert.ok(line.length <= 80, line);
    }
  });
});
