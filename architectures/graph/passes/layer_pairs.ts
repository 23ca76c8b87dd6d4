import { type FloatGraph, shapeIn } from '../float_graph.ts';
import { type FloatWeightedNode, isWeightedFloat } from '../float_node.ts';
import { inputChannelOf } from '../input_channels.ts';
import { hasOneUser, makerOf } from './rewrite.ts';

/** Two layers, the second of which alone reads what the first makes. */
export interface LayerPair {
  readonly first: FloatWeightedNode;
  readonly second: FloatWeightedNode;
}

/** The pairs of layers with weights that follow each other, in order. */
export function layerPairs(graph: FloatGraph): LayerPair[] {
  return graph.nodes.flatMap((second) => {
    if (!isWeightedFloat(second)) return [];
    const first = makerOf(graph, second.inputs[0]);
    const isPair = first !== undefined && isWeightedFloat(first) && hasOneUser(graph, first.name);
    return isPair ? [{ first, second }] : [];
  });
}

/** For each weight of a layer, the channel of its input that it multiplies. */
export function inputChannels(
  graph: FloatGraph,
  node: FloatWeightedNode,
): (index: number) => number {
  return inputChannelOf(node, shapeIn(graph, node.inputs[0]).at(-1)!);
}
