import assert from 'node:assert/strict';
import { friendlyBesideOption1 } from '../../../scripts/docs/table_reading.ts';
import { accuracyRow } from '../../../workflows/records/accuracy_row.ts';

const row = (name: string, float: number, tf8: number, recipe = 'finetune') =>
  accuracyRow({ row: name, network: name, dataset: 'cifar10', recipe }, [
    {
      seed: 0,
      images: 500,
      floatTop1Percent: float,
      tf8Top1Percent: tf8,
      weightsSha256: '0'.repeat(64),
      record: `networks/${name}`,
    },
  ]);

const trainedTo = (...accuracies: readonly number[]) => ({
  summary: { epochs: accuracies.map((accuracy) => ({ loss: 1, accuracy })) },
});

const NETWORKS = {
  'networks/standard': trainedTo(71, 83.5),
  'networks/friendly': trainedTo(56, 72.65),
};

describe('friendlyBesideOption1', () => {
  it('tells the float networks’ distance from what 8 bits cost', () => {
    const reading = friendlyBesideOption1({
      rows: [
        row('standard', 84, 38),
        row('option-1', 84, 74.5),
        row('friendly', 75.5, 71),
        row('friendly-rearchitected', 83, 81, 'distil'),
      ],
      networks: NETWORKS,
    });
    assert.deepEqual(reading, {
      friendlyTf8: '71.0',
      option1Tf8: '74.5',
      below: '3.5',
      friendlyFloat: '75.5',
      standardFloat: '84.0',
      behind: '8.5',
      friendlyLoss: '4.5',
      option1Loss: '9.5',
      wonBack: '5.0',
      recipe: 'finetune',
      friendlyTraining: '72.7',
      standardTraining: '83.5',
      rebuiltFloat: '83.0',
      rebuiltTf8: '81.0',
      above: '6.5',
      rebuiltRecipe: 'distil',
    });
  });

  it('only names the figures where the story is another', () => {
    const rows = [
      row('standard', 84, 38),
      row('option-1', 84, 60),
      row('friendly', 80, 78),
      row('friendly-rearchitected', 83, 81),
    ];
    assert.equal(
      friendlyBesideOption1({ rows, networks: NETWORKS }),
      'In TF8 friendly has 78.0 %, option-1 60.0 % and friendly-rearchitected 81.0 %.',
    );
    assert.equal(
      friendlyBesideOption1({ rows: rows.slice(1), networks: NETWORKS }),
      '*The table lacks a row to compare.*',
    );
  });
});
