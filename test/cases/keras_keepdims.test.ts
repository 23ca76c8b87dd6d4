import assert from 'node:assert/strict';
import { caseFolder, loadCase, outputsOf } from './case_model.ts';

describe('case keras-keepdims', () => {
  it('takes a global average pool that keeps its sides, before a convolution', async function () {
    const loaded = await loadCase(caseFolder(this, 'keras-keepdims'), 'model.json');
    const outputs = outputsOf(loaded);
    assert.ok(outputs.every(Number.isFinite));
    assert.ok(Math.abs(outputs.reduce((a, b) => a + b) - 2) < 1e-5, 'two times probabilities');
  });
});
