import assert from 'node:assert/strict';
import type { FloatGraph } from '../../../architectures/graph/float_graph.ts';
import { measurePairGains } from '../../../architectures/rearchitect/pair_gains.ts';
import { separablePairs } from '../../../architectures/rearchitect/separable_pairs.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { COMPILED, layerOf, numbers, randomNetwork, withLayer } from './support.ts';

const SHAPE = { activation: 'relu6', depthwiseActivation: 'relu6', pairs: 2 } as const;

describe('measurePairGains', () => {
  before(needsTensorFlow);

  const next = numbers(3);
  const images = Float32Array.from({ length: 30 * 6 * 6 * 3 }, next);
  const batches = Array.from({ length: 5 }, (_, i) => ({
    images: images.slice(i * 6 * 108, (i + 1) * 6 * 108),
    shape: [6, 6, 6, 3] as const,
  }));
  const gainsOf = (source: FloatGraph) =>
    measurePairGains({
      source,
      pairs: separablePairs(source).pairs,
      unclipped: false,
      batches,
      ...COMPILED,
    });

  /** Of weights of one size, and a bias that lifts the outputs to between 0 and 6. */
  function tame(graph: FloatGraph, name: string, bias: number): FloatGraph {
    const layer = layerOf(graph, name);
    return withLayer(graph, name, {
      kernel: layer.kernel.map(() => 0.2 * next()),
      bias: layer.bias.map(() => bias),
    });
  }

  const tamed = ['conv', 'dw0', 'pw0', 'dw1', 'pw1'].reduce(
    (graph, name) => tame(graph, name, name === 'dw1' ? 0 : 2),
    randomNetwork(1, SHAPE),
  );

  it('finds that an activation costs nothing which changes nothing, and others do', async () => {
    const [first, second] = await gainsOf(tamed);
    assert.ok(first.floatLoss < 1e-6, `${first.floatLoss}`);
    assert.ok(second.floatLoss > 10 * first.floatLoss, `${second.floatLoss}`);
    assert.ok(first.tf8Before > 0 && first.tf8After > 0);
  });

  it('finds that a pair gains whose range a dead channel decides', async () => {
    const { kernel, bias } = layerOf(tamed, 'conv');
    const dead = withLayer(tamed, 'conv', {
      kernel: kernel.map((weight, index) => (index % 3 === 0 ? 0 : weight)),
      bias: bias.map((value, c) => (c === 0 ? -1 : value)),
    });
    const huge = withLayer(dead, 'dw0', {
      kernel: layerOf(dead, 'dw0').kernel.map((weight, index) =>
        index % 3 === 0 ? 100 * weight : weight,
      ),
    });
    const [{ tf8Before, tf8After }] = await gainsOf(huge);
    assert.ok(tf8After < tf8Before / 2, `${tf8Before} to ${tf8After}`);
  });
});
