import assert from 'node:assert/strict';
import { countFrom, namedModel } from '../../bench/run_bench.ts';

// What each bench says of its options: test/slow/bench_options.slow.ts.
describe('countFrom', () => {
  it('takes integers from 1, and refuses the rest', () => {
    assert.equal(countFrom('--images', '16'), 16);
    for (const text of ['0', '1.5', '-1', 'ten', '']) {
      assert.throws(() => countFrom('--images', text), {
        name: 'UserError',
        message: `Expected a number from 1 for --images but received "${text}"`,
      });
    }
  });
});

describe('namedModel', () => {
  it('takes a name and a model, and refuses the rest', () => {
    assert.deepEqual(namedModel('--trained', 'a b=c=d'), { name: 'a b', model: 'c=d' });
    for (const pair of ['model', '=model', 'name=']) {
      assert.throws(() => namedModel('--trained', pair), {
        name: 'UserError',
        message: `Expected NAME=MODEL for --trained but received "${pair}"`,
      });
    }
  });
});
