import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { FloatGraph } from '../../../../architectures/graph/float_graph.ts';
import { removeDeadChannels } from '../../../../architectures/graph/passes/remove_dead_channels.ts';
import {
  layerOf,
  logitsOf,
  numbers,
  randomImage,
  randomNetwork,
  relativeDifference,
  SEEDS,
  withLayer,
} from '../../rearchitect/support.ts';

const FRIENDLY = { activation: 'relu', depthwiseActivation: 'linear', pairs: 3 } as const;
const SHAPES = {
  friendly: FRIENDLY,
  standard: { activation: 'relu6', depthwiseActivation: 'relu6', pairs: 3 },
  'inverted residual': { ...FRIENDLY, isInverted: true },
} as const;

/** The network with the weights that make a channel of a layer 0. */
function silenced(graph: FloatGraph, name: string, channel: number): FloatGraph {
  const { kernel, bias } = layerOf(graph, name);
  return withLayer(graph, name, {
    kernel: kernel.map((w, i) => (i % bias.length === channel ? 0 : w)),
  });
}

function withBias(graph: FloatGraph, name: string, channel: number, value: number): FloatGraph {
  const bias = layerOf(graph, name).bias.map((old, c) => (c === channel ? value : old));
  return withLayer(graph, name, { bias });
}

describe('removeDeadChannels', () => {
  for (const [name, shape] of Object.entries(SHAPES)) {
    it(`keeps the function of any ${name} network with channels without weights`, () => {
      fc.assert(
        fc.property(SEEDS, (seed) => {
          const next = numbers(seed);
          const network = randomNetwork(seed, shape);
          const partly = network.nodes.reduce(
            (graph, node) =>
              next() > 0.2 || !('kernel' in node) || node.name === 'logits'
                ? graph
                : silenced(graph, node.name, 1),
            network,
          );
          const image = randomImage(seed);
          const after = logitsOf(removeDeadChannels(partly), image);
          const difference = relativeDifference(after, logitsOf(partly, image));
          assert.ok(difference < 1e-5, `${difference}`);
        }),
        { numRuns: 50 },
      );
    });
  }

  it('moves what a constant depthwise channel says into the pointwise bias', () => {
    const network = withBias(silenced(randomNetwork(1, FRIENDLY), 'dw0', 0), 'dw0', 0, 2);
    const { kernel, bias } = layerOf(network, 'pw0');
    const lighter = removeDeadChannels(network);
    assert.deepEqual([...layerOf(lighter, 'pw0').kernel.slice(0, 4)], [0, 0, 0, 0]);
    assert.deepEqual(
      layerOf(lighter, 'pw0').bias,
      Float32Array.from(bias, (b, m) => b + 2 * kernel[m]),
    );
    assert.equal(layerOf(lighter, 'dw0').bias[0], 0);
  });

  it('keeps a constant that a depthwise layer pads with zeros', () => {
    const network = withBias(silenced(randomNetwork(1, FRIENDLY), 'conv', 0), 'conv', 0, 2);
    assert.deepEqual(removeDeadChannels(network), network);
  });

  it('removes what only makes a channel that nobody takes', () => {
    const lighter = removeDeadChannels(silenced(randomNetwork(1, FRIENDLY), 'dw0', 0));
    assert.ok(layerOf(lighter, 'conv').kernel.every((w, i) => i % 3 !== 0 || w === 0));
    assert.equal(layerOf(lighter, 'conv').bias[0], 0);
    assert.equal(layerOf(lighter, 'dw0').bias[0], 0);
  });

  it('changes nothing where no channel is dead', () => {
    const network = randomNetwork(2, FRIENDLY);
    assert.deepEqual(removeDeadChannels(network), network);
  });
});
