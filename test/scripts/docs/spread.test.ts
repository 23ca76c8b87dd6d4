import assert from 'node:assert/strict';
import { listed, madeAlike, spreadSentence, spreadTable } from '../../../scripts/docs/spread.ts';
import { accuracyRow } from '../../../workflows/records/accuracy_row.ts';
import type { PublishedTable } from '../../../workflows/records/run_record.ts';
import { DESCRIPTION, RECORD, seedFigures, TIMING } from '../../workflows/records/support.ts';

function runOn(processor: string, made: readonly ReturnType<typeof seedFigures>[]): PublishedTable {
  return {
    ...RECORD,
    environment: { ...RECORD.environment, processor },
    rows: [accuracyRow(DESCRIPTION, made)],
    timing: TIMING,
  };
}

const HERE = runOn('a processor', [seedFigures(0, 88, 39.9)]);
const THERE = runOn('another', [seedFigures(0, 88.2, 29.1), seedFigures(1, 88, 35)]);

describe('the spread of a table', () => {
  it('reaches from the least to the greatest figure of all seeds and machines', () => {
    const table = spreadTable([HERE, THERE]);
    assert.match(table, /\| standard \| +3 \| 88\.0 … 88\.2 \| 29\.1 … 39\.9 \| 48\.1 … 59\.1 \|/);
    assert.match(
      table,
      /Made on: a processor, 2 threads, seed 0; another, 2 threads, seeds 0, 1\.$/,
    );
    assert.match(spreadSentence([HERE, THERE]), / 29\.1 … 39\.9 % for standard\. A difference/);
  });

  it('has rows that another machine alone has made, too', () => {
    const more = { ...THERE.rows[0]!, row: 'best', network: 'best' };
    const table = spreadTable([HERE, { ...THERE, rows: [...THERE.rows, more] }]);
    assert.match(table, /\| best +\| +2 \| 88\.0 … 88\.2 \| 29\.1 … 35\.0 \|/);
  });

  it('leaves out what was made otherwise', () => {
    const [row] = HERE.rows;
    const otherwise = { ...HERE, rows: [{ ...row!, recipe: 'finetune for one epoch' }] };
    assert.match(spreadTable([HERE, otherwise]), /^This table was made once/);
    assert.deepEqual(madeAlike([HERE, otherwise, THERE]), [HERE]);
  });

  it('is unknown where a table was made once', () => {
    assert.equal(spreadSentence([HERE]), '');
    assert.match(spreadTable([HERE]), /^This table was made once/);
  });
});

describe('listed', () => {
  it('joins texts as a sentence does', () => {
    assert.deepEqual([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(listed), [
      '',
      'a',
      'a and b',
      'a, b and c',
    ]);
  });
});
