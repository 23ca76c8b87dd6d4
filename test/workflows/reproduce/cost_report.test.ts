import assert from 'node:assert/strict';
import type { CostEstimate } from '../../../workflows/reproduce/cost.ts';
import { costReport } from '../../../workflows/reproduce/cost_report.ts';
import { RECORD } from '../records/support.ts';

const ESTIMATE: CostEstimate = {
  rows: [
    {
      row: 'standard',
      network: 'standard',
      networksToMake: 3,
      makingSeconds: 600,
      measuringSeconds: 89,
    },
  ],
  seconds: 689,
  environment: RECORD.environment,
};

describe('costReport', () => {
  it('is a table by row, its total, and the machine that it holds for', () => {
    assert.equal(
      costReport(ESTIMATE),
      [
        '| network  | networks to make | making | measuring |',
        '| -------- | ---------------: | -----: | --------: |',
        '| standard |                3 | 10 min |      89 s |',
        '',
        'About 11 min in all.',
        'From rates measured now on this machine (a processor, 2 threads, tensorflow 2.15.1): the estimate holds for it alone, with nothing else running.',
      ].join('\n'),
    );
  });

  it('tells the cost of the whole data set where the preset is meant for it', () => {
    const [row] = ESTIMATE.rows;
    const report = costReport({
      ...ESTIMATE,
      rows: [{ ...row, wholeSeconds: 57 * 86_400 }],
      whole: { trainImages: 1_281_167, testImages: 50_000 },
      wholeSeconds: 47 * 3600,
    });
    assert.match(report, /\| 1,281,167 images \|\n.*\n.* \| +57 days \|\n/);
    assert.match(
      report,
      /with the whole data set \(1,281,167 training images, 50,000 measured\) about 47\.0 h\./,
    );
  });
});
