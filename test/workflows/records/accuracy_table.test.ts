import assert from 'node:assert/strict';
import { accuracyRow } from '../../../workflows/records/accuracy_row.ts';
import { accuracyTable } from '../../../workflows/records/accuracy_table.ts';
import { DESCRIPTION, seedFigures } from './support.ts';

const { paper: _, ...WITHOUT_PAPER } = DESCRIPTION;

describe('accuracyTable', () => {
  it('rounds measured figures to a tenth, the paper’s to a hundredth, and dashes what is unknown', () => {
    const table = accuracyTable([
      accuracyRow(DESCRIPTION, [seedFigures(0, 80.04, 70), seedFigures(1, 82, 70)]),
      accuracyRow(
        { ...WITHOUT_PAPER, network: 'standard, Option 1', paper: { tf8Top1Percent: 45.73 } },
        [seedFigures(0, 80.04, 77.2)],
      ),
      accuracyRow({ ...WITHOUT_PAPER, network: 'other' }, [seedFigures(0, 9.96, 9)]),
    ]);
    assert.equal(
      table.split('\n\n')[0],
      [
        '| network            | data    | images | seeds |      float |        TF8 |       loss | paper: float | paper: TF8 | paper: loss |',
        '| ------------------ | ------- | -----: | ----: | ---------: | ---------: | ---------: | -----------: | ---------: | ----------: |',
        '| standard           | cifar10 |    500 |     2 | 81.0 ± 1.4 | 70.0 ± 0.0 | 11.0 ± 1.4 |        70.50 |       1.80 |       68.70 |',
        '| standard, Option 1 | cifar10 |    500 |     1 |       80.0 |       77.2 |        2.8 |            – |      45.73 |           – |',
        '| other              | cifar10 |    500 |     1 |       10.0 |        9.0 |        1.0 |            – |          – |           – |',
      ].join('\n'),
    );
  });

  it('says of which data the paper’s columns are, and what ± means where it stands', () => {
    const one = [accuracyRow(DESCRIPTION, [seedFigures(0, 80, 70)])];
    const two = [accuracyRow(DESCRIPTION, [seedFigures(0, 80, 70), seedFigures(1, 80, 70)])];
    assert.match(
      accuracyTable(one),
      /\n\nTop-1 in percent\. The paper’s columns .* ImageNet valid/,
    );
    assert.match(accuracyTable(two), /mean ± sample standard deviation over the seeds\. The paper/);
  });
});
