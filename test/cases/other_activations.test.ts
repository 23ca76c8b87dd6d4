import assert from 'node:assert/strict';
import { fuseGraph } from '../../quantize/convert/fuse.ts';
import { caseFolder, loadCase } from './case_model.ts';

describe('case other-activations', () => {
  it('bounds a ReLU(20) where its layer ends, and looks a leaky ReLU up in a table', async function () {
    const folder = caseFolder(this, 'other-activations');
    for (const [file, op] of [
      ['relu_max20.pb', undefined],
      ['leaky.pb', 'activation'],
    ] as const) {
      const { network } = await loadCase(folder, file);
      const { nodes } = fuseGraph(network.graph, { zeroVariance: 'keep' });
      const found = nodes.find((node) => node.op === 'activation');
      assert.equal(found?.op, op, file);
      network.dispose();
    }
  });
});
