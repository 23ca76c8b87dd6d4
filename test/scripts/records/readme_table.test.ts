import assert from 'node:assert/strict';
import { withPart, withTable } from '../../../scripts/records/readme_table.ts';
import type { RunRecord } from '../../../scripts/records/run_record.ts';

const RECORD: RunRecord = {
  command: 'reproduce',
  configuration: { seed: 7 },
  environment: {
    tf8: '0.1.0',
    commit: '0123456789abcdef',
    node: '20.19.0',
    backend: 'tensorflow 2.15.1',
    processor: 'a processor',
    threads: 2,
  },
  data: {},
  weights: {},
  kernelTier: 'wasm',
  rows: [{ network: 'n', dataset: 'd', images: 1, floatTop1Percent: 90, tf8Top1Percent: 80 }],
  training: {},
  notes: [],
};

describe('withTable', () => {
  it('replaces what stands between the marks, and again gives the same', () => {
    const readme = withTable('a\n<!-- table -->\nold\n<!-- /table -->\nb\n', RECORD);
    assert.match(readme, /^a\n<!-- table -->\n\| network .*\| n .*<!-- \/table -->\nb\n$/s);
    assert.match(
      readme,
      /Seed 7, wasm kernels, a processor, tensorflow 2\.15\.1, commit 0123456789\.\n/,
    );
    assert.ok(!readme.includes('old'));
    assert.equal(withTable(readme, RECORD), readme);
  });

  it('refuses a README without the marks', () => {
    assert.throws(() => withTable('<!-- /table --><!-- table -->', RECORD), {
      name: 'UserError',
      message: 'Expected <!-- table --> and <!-- /table --> in README.md but they are not there',
    });
  });
});

describe('withPart', () => {
  it('replaces what stands between the marks of its name alone', () => {
    const readme = '<!-- a -->\n1\n<!-- /a -->\n<!-- b -->\n2\n<!-- /b -->\n';
    assert.equal(withPart(readme, 'b', 'new'), readme.replace('2', 'new'));
  });
});
