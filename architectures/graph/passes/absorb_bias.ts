import type { FloatGraph } from '../float_graph.ts';
import type { FloatWeightedNode } from '../float_node.ts';
import { isPadded } from '../window.ts';
import { inputChannels, type LayerPair, layerPairs } from './layer_pairs.ts';
import { makerOf, mapNodes } from './rewrite.ts';

/**
 * Bias absorption (arXiv 1906.04721, section 4.1.3): of a layer with a batch norm and a ReLU, the part of each
 * channel's bias that the ReLU almost always lets pass, c = max(0, β − deviations · |γ|), moves into the next
 * layer's biases. Where the sum is above c, ReLU(x) − c = ReLU(x − c): there the function stays. The next
 * layer may pad no zeros, is no transposed convolution, and alone reads the first.
 */
export function absorbBias(graph: FloatGraph, deviations: number): FloatGraph {
  return layerPairs(graph).reduce((absorbed, { first, second }) => {
    const pair = {
      first: makerOf(absorbed, first.name) as FloatWeightedNode,
      second: makerOf(absorbed, second.name) as FloatWeightedNode,
    };
    const takes =
      pair.first.activation === 'relu' &&
      pair.first.batchNorm !== undefined &&
      pair.second.op !== 'transposedConv2d' &&
      !isPadded(pair.second.padding);
    return takes ? moved(absorbed, pair, deviations) : absorbed;
  }, graph);
}

function moved(graph: FloatGraph, { first, second }: LayerPair, deviations: number): FloatGraph {
  const { batchNorm } = first;
  if (batchNorm === undefined) return graph;
  const { beta, gamma } = batchNorm;
  const parts = beta.map((value, c) => Math.max(0, value - deviations * Math.abs(gamma[c])));
  const channelOf = inputChannels(graph, second);
  const outputs = second.bias.length;
  const bias = Float64Array.from(second.bias);
  second.kernel.forEach((weight, index) => {
    bias[index % outputs] += weight * parts[channelOf(index)];
  });
  const less: FloatWeightedNode = {
    ...first,
    bias: first.bias.map((value, c) => value - parts[c]),
    batchNorm: { ...batchNorm, beta: beta.map((value, c) => value - parts[c]) },
  };
  return mapNodes(graph, (node) => {
    if (node.name === first.name) return less;
    return node.name === second.name ? { ...second, bias: Float32Array.from(bias) } : node;
  });
}
