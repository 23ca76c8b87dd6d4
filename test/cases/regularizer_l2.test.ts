import assert from 'node:assert/strict';
import { caseFolder, loadCase, outputsOf } from './case_model.ts';

describe('case regularizer-l2', () => {
  it('ignores regularizers, which have no part in inference', async function () {
    const loaded = await loadCase(caseFolder(this, 'regularizer-l2'), 'model.json');
    assert.ok(outputsOf(loaded).every(Number.isFinite));
  });
});
