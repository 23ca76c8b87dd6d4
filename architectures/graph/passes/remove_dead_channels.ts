import type { FloatGraph } from '../float_graph.ts';
import type { FloatWeightedNode } from '../float_node.ts';
import { activationOf } from '../operations/activation_value.ts';
import { inputChannels, layerPairs } from './layer_pairs.ts';
import { pruneConstantInputs } from './prune_constant_inputs.ts';
import { replaceNode, weightedIn } from './rewrite.ts';

/**
 * Removes channels that say nothing between two layers that follow each other; the network's function stays
 * the same.
 *
 * - A channel without weights is constant, f(bias) with f the activation after the layer: it moves into the
 *   biases of the next layer, whose weights for it become 0 (`pruneConstantInputs`).
 * - A channel that nobody takes (the next layer's weights for it are 0) loses its weights and bias.
 *
 * "Removed" is 0: the shapes stay.
 */
export function removeDeadChannels(graph: FloatGraph): FloatGraph {
  const names = layerPairs(graph).map(({ first, second }) => [first.name, second.name] as const);
  const moved = names.reduce((rest, [first]) => withoutConstants(rest, first), graph);
  return names.reduceRight((rest, [first, second]) => withoutUnused(rest, first, second), moved);
}

function withoutConstants(graph: FloatGraph, name: string): FloatGraph {
  const layer = weightedIn(graph, name);
  const hasWeights = usedChannels(layer, (index) => index % layer.bias.length);
  const value = activationOf(layer.activation);
  const constants = layer.bias.map((bias, c) => (hasWeights[c] ? Number.NaN : value(bias)));
  return pruneConstantInputs(graph, new Map([[name, constants]]));
}

function withoutUnused(graph: FloatGraph, name: string, next: string): FloatGraph {
  const layer = weightedIn(graph, name);
  const reader = weightedIn(graph, next);
  const isTaken = usedChannels(reader, inputChannels(graph, reader));
  const channels = layer.bias.length;
  if (layer.bias.every((_, c) => isTaken[c])) return graph;
  return replaceNode(graph, {
    ...layer,
    kernel: layer.kernel.map((weight, index) => (isTaken[index % channels] ? weight : 0)),
    bias: layer.bias.map((value, c) => (isTaken[c] ? value : 0)),
  });
}

/** Of the channels that weights belong to, those with a weight that is not 0. */
function usedChannels(
  { kernel }: FloatWeightedNode,
  channelOf: (index: number) => number,
): readonly (true | undefined)[] {
  const used: (true | undefined)[] = [];
  kernel.forEach((weight, index) => {
    if (weight !== 0) used[channelOf(index)] = true;
  });
  return used;
}
