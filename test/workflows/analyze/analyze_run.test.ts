import assert from 'node:assert/strict';
import { runNameOf } from '../../../workflows/analyze/analyze_run.ts';

describe('the identity of an analysis', () => {
  it("takes the run's name from the model's, or the last part of its path", () => {
    assert.equal(runNameOf('mobilenet_v1_1.0_224'), 'analyze-mobilenet-v1-1-0-224');
    assert.equal(runNameOf('models/friendly/'), 'analyze-friendly');
    assert.equal(runNameOf('models/Other Net/model.json'), 'analyze-other-net');
    assert.equal(runNameOf('…'), 'analyze-model');
  });
});
