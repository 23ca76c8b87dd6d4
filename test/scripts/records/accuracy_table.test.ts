import assert from 'node:assert/strict';
import { accuracyTable } from '../../../scripts/records/accuracy_table.ts';

describe('accuracyTable', () => {
  it('rounds measured figures to a tenth, the paper’s to a hundredth, and dashes what is unknown', () => {
    const table = accuracyTable([
      {
        network: 'as published',
        dataset: 'imagenet',
        images: 500,
        float: 90.84,
        tf8: 6.6,
        paper: { float: 70.5, tf8: 1.8 },
      },
      { network: 'standard', dataset: 'fashion-mnist', images: 10000, float: 89.06, tf8: 75.2 },
      {
        network: 'Option 1',
        dataset: 'imagenet',
        images: 500,
        float: 90.84,
        tf8: 64,
        paper: { tf8: 45.73 },
      },
    ]);
    assert.equal(
      table,
      [
        '| network      | data          | images | float |  TF8 | loss | paper: float |   TF8 |',
        '| ------------ | ------------- | -----: | ----: | ---: | ---: | -----------: | ----: |',
        '| as published | imagenet      |    500 |  90.8 |  6.6 | 84.2 |        70.50 |  1.80 |',
        '| standard     | fashion-mnist |  10000 |  89.1 | 75.2 | 13.9 |            – |     – |',
        '| Option 1     | imagenet      |    500 |  90.8 | 64.0 | 26.8 |            – | 45.73 |',
      ].join('\n'),
    );
  });
});
