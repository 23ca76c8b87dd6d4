import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type FloatGraph, floatGraph } from '../../../../architectures/graph/float_graph.ts';
import { FloatRunner } from '../../../../architectures/graph/float_runner.ts';
import { reductionsAsLayers } from '../../../../architectures/graph/passes/reductions_as_layers.ts';
import { someImages } from '../../../quantize/convert/support.ts';

const integer = (min: number, max: number) => fc.integer({ min, max });

/** A reduction of [H, W, C] or of [C], over some axes. */
const reductions = () =>
  fc
    .record({
      op: fc.constantFrom('mean' as const, 'sum' as const),
      shape: fc.oneof(
        fc.tuple(integer(1, 4), integer(1, 4), integer(1, 4)),
        fc.tuple(integer(1, 4), integer(1, 4)),
      ),
      keepDims: fc.boolean(),
    })
    .chain(({ shape, ...rest }) =>
      fc
        .shuffledSubarray(
          shape.map((_, axis) => axis),
          { minLength: 1, maxLength: rest.keepDims ? shape.length : shape.length - 1 },
        )
        .map((axes) => ({ ...rest, shape, axes })),
    );

function outputOf(graph: FloatGraph, images: Float32Array): Float32Array {
  const runner = new FloatRunner(graph);
  try {
    return runner.outputs(images, [2, ...graph.input.shape])[0];
  } finally {
    runner.dispose();
  }
}

describe('reductionsAsLayers', () => {
  it('makes means and sums over any axes of layers that compute the same', () => {
    fc.assert(
      fc.property(reductions(), ({ op, shape, axes, keepDims }) => {
        const graph = floatGraph({
          name: 'reduction',
          input: { name: 'image', shape },
          nodes: [{ op, name: 'reduced', inputs: ['image'], axes, keepDims }],
          outputs: ['reduced'],
        });
        const layers = reductionsAsLayers(graph);
        assert.ok(layers.nodes.every((node) => node.op !== 'mean' && node.op !== 'sum'));
        assert.deepEqual(layers.outputs, ['reduced']);
        assert.deepEqual(layers.shapes.get('reduced'), graph.shapes.get('reduced'));
        const images = someImages(2, shape);
        const [exact, received] = [graph, layers].map((each) => outputOf(each, images));
        for (const [i, value] of exact.entries()) {
          assert.ok(Math.abs(received[i] - value) < 1e-5, `${received[i]} at ${i}, not ${value}`);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('makes a mean over the whole image a global pool, which keeps its range', () => {
    const graph = floatGraph({
      name: 'reduction',
      input: { name: 'image', shape: [3, 4, 5] },
      nodes: [{ op: 'mean', name: 'reduced', inputs: ['image'], axes: [1, 0], keepDims: true }],
      outputs: ['reduced'],
    });
    assert.deepEqual(
      reductionsAsLayers(graph).nodes.map(({ op }) => op),
      ['globalAveragePool'],
    );
  });
});
