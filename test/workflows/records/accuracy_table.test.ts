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

  it('of a table of ways says how far each stays below its network, what it learns from and how long', () => {
    const row = (name: string, images: number, float: number, tf8: number) =>
      accuracyRow(
        {
          ...WITHOUT_PAPER,
          row: name,
          network: `MobileNetV2, ${name}`,
          way: { network: 'MobileNetV2', name, trainingImages: images },
        },
        [seedFigures(0, float, tf8)],
      );
    const rows = [
      row('as published', 20_000, 84, 40),
      row('friendly', 20_400, 83, 81),
      row('quantization-aware', 5_000, 84, 83.5),
    ];
    const timing = { friendly: { trainingSeconds: 125, measuringSeconds: 1 } };
    const [table, caption] = accuracyTable(rows, timing).split('\n\n');
    assert.equal(
      table,
      [
        '| network     | way                | data    | images | seeds | float |  TF8 | loss | below float | learnt from | training |',
        '| ----------- | ------------------ | ------- | -----: | ----: | ----: | ---: | ---: | ----------: | ----------: | -------: |',
        '| MobileNetV2 | as published       | cifar10 |    500 |     1 |  84.0 | 40.0 | 44.0 |        44.0 |       20000 |        – |',
        '| MobileNetV2 | friendly           | cifar10 |    500 |     1 |  83.0 | 81.0 |  2.0 |         3.0 |       20400 |     2:05 |',
        '| MobileNetV2 | quantization-aware | cifar10 |    500 |     1 |  84.0 | 83.5 |  0.5 |         0.5 |        5000 |        – |',
      ].join('\n'),
    );
    assert.match(caption, /^Top-1 in percent\. Loss: of a row’s own float network/);
    assert.doesNotMatch(accuracyTable(rows), /training \|/);
  });
});
