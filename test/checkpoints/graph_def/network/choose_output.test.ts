import assert from 'node:assert/strict';
import { mainOutputs } from '../../../../checkpoints/graph_def/network/choose_output.ts';

const outputOf = (node: string) => ({ node, output: undefined, index: 0 });
const OUTPUTS = ['MobilenetV1/Predictions/Reshape_1', 'features'].map(outputOf);

describe('mainOutputs', () => {
  it('takes the predictions of several outputs, and all where none is called so', () => {
    assert.deepEqual(mainOutputs(OUTPUTS), OUTPUTS.slice(0, 1));
    const others = ['boxes', 'scores'].map(outputOf);
    assert.deepEqual(mainOutputs(others), others);
  });

  it('takes all where its reader chooses where the network ends', () => {
    assert.deepEqual(mainOutputs(OUTPUTS, { mayEndEarly: true }), OUTPUTS);
  });
});
