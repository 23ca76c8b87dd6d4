import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { FloatWeightedNode } from '../../../architectures/graph/float_node.ts';
import { channelGroups } from '../../../architectures/rearchitect/channel_groups.ts';
import { equalizationScales } from '../../../architectures/rearchitect/equalize.ts';
import { equalizeGraph, scaledGraph } from '../../../architectures/rearchitect/scale_graph.ts';
import {
  layerOf,
  logitsOf,
  randomImage,
  randomNetwork,
  relativeDifference,
  SEEDS,
  withLayer,
} from './support.ts';

const FRIENDLY = { activation: 'relu', depthwiseActivation: 'linear', pairs: 3 } as const;
const CLIPPED = { ...FRIENDLY, activation: 'relu6' } as const;
const INVERTED = { ...FRIENDLY, isInverted: true } as const;

/** Largest absolute weight of each output channel over the layer's largest. */
function shares({ kernel, bias }: FloatWeightedNode): number[] {
  const ranges = Array.from(bias, (_, m) =>
    Math.max(...kernel.filter((_, i) => i % bias.length === m).map(Math.abs)),
  );
  return ranges.map((range) => range / Math.max(...ranges));
}

describe('cross-layer equalization', () => {
  for (const [name, shape] of Object.entries({ chain: FRIENDLY, 'inverted residuals': INVERTED })) {
    it(`keeps the function of any network of linear layers and ReLU: ${name}`, () => {
      fc.assert(
        fc.property(SEEDS, (seed) => {
          const network = randomNetwork(seed, shape);
          const { graph } = equalizeGraph(network);
          const image = randomImage(seed);
          const difference = relativeDifference(logitsOf(graph, image), logitsOf(network, image));
          assert.ok(difference < 1e-4, `${difference}`);
        }),
        { numRuns: 40 },
      );
    });
  }

  it('keeps the function where ReLU6 leaves only the depthwise layers to scale', () => {
    fc.assert(
      fc.property(SEEDS, (seed) => {
        const network = randomNetwork(seed, CLIPPED);
        const { graph, layers, skipped } = equalizeGraph(network);
        assert.deepEqual(layers, ['dw0', 'dw1', 'dw2']);
        assert.deepEqual(skipped, ['conv', 'pw0', 'pw1', 'pw2']);
        const image = randomImage(seed);
        assert.ok(relativeDifference(logitsOf(graph, image), logitsOf(network, image)) < 1e-4);
      }),
      { numRuns: 20 },
    );
  });

  it('gives all layers along a residual the same scales', () => {
    const groups = channelGroups(randomNetwork(1, { ...INVERTED, pairs: 2 }));
    assert.deepEqual(groups[0], {
      producers: ['conv', 'pw0', 'pw1'],
      consumers: ['ex0', 'ex1', 'logits'],
      isFree: true,
    });
    assert.deepEqual(
      groups.slice(1).map(({ producers, consumers }) => [...producers, ...consumers]),
      [
        ['ex0', 'dw0'],
        ['dw0', 'pw0'],
        ['ex1', 'dw1'],
        ['dw1', 'pw1'],
      ],
    );
  });

  it('leaves a residual alone that an activation without a factor reads', () => {
    const network = randomNetwork(1, { ...INVERTED, activation: 'relu6', pairs: 2 });
    const free = channelGroups(network).filter(({ isFree }) => isFree);
    assert.deepEqual(
      free.map(({ producers }) => producers),
      [['dw0'], ['dw1']],
    );
  });

  it('brings the weights of a depthwise layer closer to each other', () => {
    const random = randomNetwork(5, { ...FRIENDLY, pairs: 4 });
    const network = random.nodes.reduce(
      (graph, node) =>
        'kernel' in node ? withLayer(graph, node.name, { bias: node.bias.map(() => 0) }) : graph,
      random,
    );
    const { graph } = equalizeGraph(network);
    const least = ({ nodes }: typeof graph) =>
      Math.min(...nodes.flatMap((node) => (node.op === 'depthwiseConv2d' ? shares(node) : [])));
    assert.ok(least(graph) > 20 * least(network), `${least(network)} to ${least(graph)}`);
  });

  it('changes nothing more where the channels are equal already', () => {
    const { graph } = equalizeGraph(randomNetwork(7, FRIENDLY));
    for (const { scales } of equalizationScales(graph)) {
      for (const scale of scales) assert.ok(Math.abs(scale - 1) < 0.05, `${scale}`);
    }
  });

  it('leaves a channel without weights on either side at its scale', () => {
    const network = randomNetwork(3, FRIENDLY);
    const { kernel, bias } = layerOf(network, 'conv');
    const [{ scales }] = equalizationScales(
      withLayer(network, 'conv', {
        kernel: kernel.map((w, i) => (i % 3 === 1 ? 0 : w)),
        bias: bias.map((value, c) => (c === 1 ? 0 : value)),
      }),
    );
    assert.equal(scales[1], 1);
    assert.ok(scales.every((scale) => scale > 0 && Number.isFinite(scale)));
  });

  it('does not blow up a channel that is hardly more than its bias', () => {
    const network = randomNetwork(3, FRIENDLY);
    const { kernel, bias } = layerOf(network, 'conv');
    const changed = withLayer(network, 'conv', {
      kernel: kernel.map((w, i) => (i % 3 === 1 ? 1e-12 : w)),
      bias: bias.map(() => 0.5),
    });
    const scaled = scaledGraph(changed, equalizationScales(changed));
    assert.ok(Math.max(...layerOf(scaled, 'conv').bias) < 1e3);
  });
});
