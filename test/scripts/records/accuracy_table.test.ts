import assert from 'node:assert/strict';
import { accuracyTable } from '../../../scripts/records/accuracy_table.ts';

describe('accuracyTable', () => {
  it('rounds measured figures to a tenth, the paper’s to a hundredth, and dashes what is unknown', () => {
    const table = accuracyTable([
      {
        network: 'as published',
        dataset: 'imagenet',
        images: 500,
        floatTop1Percent: 90.84,
        tf8Top1Percent: 6.6,
        paper: { floatTop1Percent: 70.5, tf8Top1Percent: 1.8 },
      },
      {
        network: 'standard',
        dataset: 'fashion-mnist',
        images: 10000,
        floatTop1Percent: 89.06,
        tf8Top1Percent: 75.2,
      },
      {
        network: 'Option 1',
        dataset: 'imagenet',
        images: 500,
        floatTop1Percent: 90.84,
        tf8Top1Percent: 64,
        paper: { tf8Top1Percent: 45.73 },
      },
    ]);
    assert.equal(
      table.split('\n\n')[0],
      [
        '| network      | data          | images | float |  TF8 | loss | paper: float | paper: TF8 |',
        '| ------------ | ------------- | -----: | ----: | ---: | ---: | -----------: | ---------: |',
        '| as published | imagenet      |    500 |  90.8 |  6.6 | 84.2 |        70.50 |       1.80 |',
        '| standard     | fashion-mnist |  10000 |  89.1 | 75.2 | 13.9 |            – |          – |',
        '| Option 1     | imagenet      |    500 |  90.8 | 64.0 | 26.8 |            – |      45.73 |',
      ].join('\n'),
    );
  });

  it('says of which data the paper’s columns are', () => {
    const [, caption] = accuracyTable([]).split('\n\n');
    assert.match(caption!, /^Top-1 in percent\. The paper’s columns .* ImageNet validation set/);
  });
});
