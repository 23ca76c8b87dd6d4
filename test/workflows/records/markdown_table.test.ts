import assert from 'node:assert/strict';
import { markdownTable } from '../../../workflows/records/markdown_table.ts';

describe('markdownTable', () => {
  it('pads every column to its longest cell and aligns the columns from `numeric` on right', () => {
    assert.equal(
      markdownTable(
        ['layer', 'MACs'],
        [
          ['Conv2d_0', '7'],
          ['x', '12,345'],
        ],
        1,
      ),
      [
        '| layer    |   MACs |',
        '| -------- | -----: |',
        '| Conv2d_0 |      7 |',
        '| x        | 12,345 |',
      ].join('\n'),
    );
  });

  it('gives every column the three characters that a rule needs', () => {
    assert.equal(markdownTable(['a', 'b'], [], 1), '| a   |   b |\n| --- | --: |');
  });
});
