import { type FloatGraph, shapeIn } from '../float_graph.ts';
import { type FloatWeightedNode, isWeightedFloat } from '../float_node.ts';
import { inputChannelOf } from '../input_channels.ts';
import { isPadded } from '../window.ts';
import { mapNodes } from './rewrite.ts';

/**
 * Takes inputs that are constant into the biases: w · c goes into the bias, and w becomes 0. Such an input
 * of a layer that pads zeros, or of a transposed convolution, stays, unless it is 0 itself: at the border it is not
 * constant, and outputs there meet different weights.
 * @param constants by tensor, [C]: the value that a channel always has; NaN where it varies
 */
export function pruneConstantInputs(
  graph: FloatGraph,
  constants: ReadonlyMap<string, Float32Array>,
): FloatGraph {
  return mapNodes(graph, (node) => {
    const values = constants.get(node.inputs[0]);
    if (!isWeightedFloat(node) || values?.some((value) => !Number.isNaN(value)) !== true) {
      return node;
    }
    return pruned(node, values, shapeIn(graph, node.inputs[0]).at(-1)!);
  });
}

function pruned(
  node: FloatWeightedNode,
  values: Float32Array,
  channels: number,
): FloatWeightedNode {
  const outputs = node.bias.length;
  const channelOf = inputChannelOf(node, channels);
  const isUneven = isPadded(node.padding) || node.op === 'transposedConv2d';
  const bias = Float64Array.from(node.bias);
  const kernel = node.kernel.map((weight, index) => {
    const value = values[channelOf(index)];
    if (Number.isNaN(value) || (value !== 0 && isUneven)) return weight;
    bias[index % outputs] += weight * value;
    return 0;
  });
  return { ...node, kernel, bias: Float32Array.from(bias) };
}
