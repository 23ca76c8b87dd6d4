import type { FloatGraph } from '../float_graph.ts';
import type { FloatWeightedNode } from '../float_node.ts';
import type { FoldedBatchNorm } from '../operations/weighted.ts';
import { inputChannels, type LayerPair, layerPairs } from './layer_pairs.ts';
import { makerOf, mapNodes } from './rewrite.ts';

/** Goes so many times through all pairs, at most: a change of one pair moves the balance of the next. */
const ROUNDS = 20;

/** A round that scales no channel by more than this is the last. */
const CONVERGED = 1.001;

/**
 * Cross-layer equalization (arXiv 1906.04721, section 4.1): of two layers that follow each other, each
 * channel between them is divided by s in the first and multiplied by s in the second, so that its weights
 * have the same range in both. The function stays, as what stands between them lets a factor > 0 pass: nothing,
 * or a ReLU. A ReLU6 does not, and its pairs stay as they are (`unequalized`).
 */
export function equalize(graph: FloatGraph): FloatGraph {
  let equalized = graph;
  for (let round = 0; round < ROUNDS; round++) {
    let largest = 1;
    for (const { first, second } of layerPairs(equalized)) {
      const pair = { first: nodeIn(equalized, first), second: nodeIn(equalized, second) };
      if (!passesFactors(pair)) continue;
      const scales = equalizingScales(equalized, pair);
      for (const scale of scales) largest = Math.max(largest, scale, 1 / scale);
      equalized = scaled(equalized, pair, scales);
    }
    if (largest < CONVERGED) break;
  }
  return equalized;
}

/** The pairs of layers that `equalize` leaves, by their names. */
export function unequalized(graph: FloatGraph): string[] {
  return layerPairs(graph)
    .filter((pair) => !passesFactors(pair))
    .map(({ first, second }) => `${first.name} and ${second.name}`);
}

function passesFactors({ first: { activation } }: LayerPair): boolean {
  return activation === 'linear' || activation === 'relu';
}

function nodeIn(graph: FloatGraph, { name }: FloatWeightedNode): FloatWeightedNode {
  return makerOf(graph, name) as FloatWeightedNode;
}

/** [C] s = √(r₁ · r₂) / r₂ of each channel, r the greatest magnitude of its weights; 1 where one is 0. */
function equalizingScales(graph: FloatGraph, { first, second }: LayerPair): Float64Array {
  const channels = first.bias.length;
  const [r1, r2] = [new Float64Array(channels), new Float64Array(channels)];
  first.kernel.forEach((weight, index) => {
    r1[index % channels] = Math.max(r1[index % channels], Math.abs(weight));
  });
  const channelOf = inputChannels(graph, second);
  second.kernel.forEach((weight, index) => {
    const channel = channelOf(index);
    r2[channel] = Math.max(r2[channel], Math.abs(weight));
  });
  return r1.map((range, c) => (range > 0 && r2[c] > 0 ? Math.sqrt(range / r2[c]) : 1));
}

function scaled(graph: FloatGraph, { first, second }: LayerPair, scales: Float64Array): FloatGraph {
  const channels = first.bias.length;
  const channelOf = inputChannels(graph, second);
  const divided: FloatWeightedNode = {
    ...first,
    kernel: first.kernel.map((weight, index) => weight / scales[index % channels]),
    bias: first.bias.map((value, c) => value / scales[c]),
    ...(first.batchNorm !== undefined && { batchNorm: dividedNorm(first.batchNorm, scales) }),
  };
  const multiplied = {
    ...second,
    kernel: second.kernel.map((weight, index) => weight * scales[channelOf(index)]),
  };
  return mapNodes(graph, (node) => {
    if (node.name === first.name) return divided;
    return node.name === second.name ? multiplied : node;
  });
}

function dividedNorm(batchNorm: FoldedBatchNorm, scales: Float64Array): FoldedBatchNorm {
  return {
    ...batchNorm,
    alpha: batchNorm.alpha.map((value, c) => value / scales[c]),
    beta: batchNorm.beta.map((value, c) => value / scales[c]),
    gamma: batchNorm.gamma.map((value, c) => value / scales[c]),
  };
}
