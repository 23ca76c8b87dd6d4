import assert from 'node:assert/strict';
import { floatGraph } from '../../../architectures/graph/float_graph.ts';
import type { FloatNode } from '../../../architectures/graph/float_node.ts';

const relu = (name: string, ...inputs: string[]): FloatNode => ({
  op: 'activation',
  name,
  inputs,
  activation: 'relu',
});

const IMAGE = { name: 'image', shape: [4, 6, 3] };

function shapeOf(...nodes: FloatNode[]): readonly number[] {
  const { name } = nodes.at(-1)!;
  return floatGraph({ name: 'graph', input: IMAGE, nodes, outputs: [name] }).shapes.get(name)!;
}

const NO_PADDING = { top: 0, bottom: 0, left: 0, right: 0 };

function conv(kernelShape: readonly [number, number, number, number]): FloatNode {
  return {
    op: 'conv2d',
    name: 'conv',
    inputs: ['image'],
    kernel: new Float32Array(kernelShape.reduce((a, b) => a * b)),
    kernelShape,
    bias: new Float32Array(kernelShape[3]),
    strides: [1, 1],
    padding: NO_PADDING,
    activation: 'linear',
  };
}

describe('floatGraph', () => {
  it('knows the shape of every tensor', () => {
    const concat = { op: 'concat', name: 'joined', inputs: ['a', 'image'], axis: -1 } as const;
    assert.deepEqual(shapeOf(relu('a', 'image'), concat), [4, 6, 6]);
    const rows = { ...concat, axis: -3 };
    assert.deepEqual(shapeOf(relu('a', 'image'), rows), [8, 6, 3]);
    const mean = { op: 'globalAveragePool', name: 'mean', inputs: ['image'] } as const;
    assert.deepEqual(shapeOf(mean), [3]);
    const gate = {
      op: 'multiply',
      name: 'gated',
      inputs: ['image', 'mean'],
      activation: 'linear',
    } as const;
    assert.deepEqual(shapeOf({ ...mean, keepDims: true }, gate), [4, 6, 3]);
  });

  for (const [title, nodes, message] of [
    [
      'a node that reads what comes after it',
      [relu('a', 'b'), relu('b', 'image')],
      'Expected b before a reads it but nothing makes it',
    ],
    [
      'two tensors of one name',
      [relu('image', 'image')],
      'Expected each tensor of graph to be made once but image is not',
    ],
    [
      'a convolution of other channels',
      [conv([1, 1, 2, 5])],
      'Expected images of 2 channels for conv but received [4,6,3]',
    ],
    [
      'a sum of images of two sizes',
      [
        { op: 'pad', name: 'pad', inputs: ['image'], padding: { ...NO_PADDING, top: 1 } },
        { op: 'add', name: 'sum', inputs: ['image', 'pad'], activation: 'linear' },
      ],
      'Expected inputs of one size for sum but received [4,6,3] and [5,6,3]',
    ],
    [
      'a reshape to more values than there are',
      [{ op: 'reshape', name: 'flat', inputs: ['image'], target: [73] }],
      'Expected 73 values for flat but received [4,6,3]',
    ],
  ] as const satisfies readonly (readonly [string, readonly FloatNode[], string])[]) {
    it(`refuses ${title}`, () => {
      assert.throws(
        () => floatGraph({ name: 'graph', input: IMAGE, nodes, outputs: [nodes[0].name] }),
        { name: 'GraphError', message },
      );
    });
  }

  it('refuses an output that nothing makes', () => {
    assert.throws(
      () => floatGraph({ name: 'graph', input: IMAGE, nodes: [], outputs: ['logits'] }),
      { message: 'Expected logits before the end of graph reads it but nothing makes it' },
    );
  });
});
