import assert from 'node:assert/strict';
import { floatGraph } from '../../../../architectures/graph/float_graph.ts';
import type { FloatNode } from '../../../../architectures/graph/float_node.ts';
import { endInSoftmax } from '../../../../architectures/graph/passes/end_in_softmax.ts';

const POOL: FloatNode = { op: 'globalAveragePool', name: 'logits', inputs: ['image'] };

function graphOf(channels: number, ...more: FloatNode[]) {
  const nodes = [POOL, ...more];
  return floatGraph({
    name: 'network',
    input: { name: 'image', shape: [2, 2, channels] },
    nodes,
    outputs: [nodes.at(-1)!.name],
  });
}

describe('endInSoftmax', () => {
  it('puts a softmax behind logits', () => {
    const { nodes, outputs } = endInSoftmax(graphOf(3));
    assert.deepEqual(nodes.slice(1), [
      { op: 'softmax', name: 'logits/softmax', inputs: ['logits'] },
    ]);
    assert.deepEqual(outputs, ['logits/softmax']);
  });

  it('keeps the softmax that is there', () => {
    const graph = graphOf(3, { op: 'softmax', name: 'probabilities', inputs: ['logits'] });
    assert.equal(endInSoftmax(graph), graph);
  });

  it('leaves one number, and what a sigmoid made, as they are', () => {
    assert.deepEqual(endInSoftmax(graphOf(1)).outputs, ['logits']);
    const sigmoid = { op: 'activation', name: 'each', inputs: ['logits'], activation: 'sigmoid' };
    assert.deepEqual(endInSoftmax(graphOf(3, sigmoid as FloatNode)).outputs, ['each']);
  });
});
