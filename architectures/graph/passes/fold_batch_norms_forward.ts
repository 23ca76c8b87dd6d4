import { type FloatGraph, shapeIn } from '../float_graph.ts';
import { type FloatNode, type FloatWeightedNode, isWeightedFloat } from '../float_node.ts';
import { batchNormAffine } from '../fold_batch_norm.ts';
import { inputChannelOf } from '../input_channels.ts';
import type { FloatBatchNormNode } from '../operations/batch_norm.ts';
import { isPadded } from '../window.ts';
import { requireFinite } from './require_finite.ts';
import { bypass, makerOf, mapNodes, usersOf } from './rewrite.ts';

/**
 * Folds each batch norm that follows no convolution, as one on the input or after a ReLU, into those that
 * read it: with s = γ/√(σ² + ε) and t = β − μ·s of each channel, w·(s·x + t) = (w·s)·x + w·t. All of its
 * readers must be convolutions without zero padding, whose zeros would be t, or fully connected.
 * @throws GraphError naming both where a folded weight is not finite
 */
export function foldBatchNormsForward(graph: FloatGraph): FloatGraph {
  return graph.nodes.reduce((folded, { name }) => {
    const batchNorm = makerOf(folded, name);
    if (batchNorm?.op !== 'batchNorm' || batchNorm.axis !== -1) return folded;
    const users = usersOf(folded, name);
    if (folded.outputs.includes(name) || !users.every(takesBatchNorm)) return folded;
    const channels = shapeIn(folded, name).at(-1)!;
    const changed = mapNodes(folded, (node) =>
      isWeightedFloat(node) && users.includes(node) ? behind(batchNorm, channels, node) : node,
    );
    return bypass(changed, (node) => node.name === name);
  }, graph);
}

/** Outputs of a transposed convolution meet different weights of a channel. */
function takesBatchNorm(node: FloatNode): boolean {
  return isWeightedFloat(node) && node.op !== 'transposedConv2d' && !isPadded(node.padding);
}

/** The node that computes of the batch norm's input what `node` computes of its output. */
function behind(
  batchNorm: FloatBatchNormNode,
  channels: number,
  node: FloatWeightedNode,
): FloatWeightedNode {
  const { scale, shift } = batchNormAffine(batchNorm);
  const outputs = node.bias.length;
  const channelOf = inputChannelOf(node, channels);
  const bias = Float64Array.from(node.bias);
  node.kernel.forEach((weight, index) => {
    bias[index % outputs] += weight * shift[channelOf(index)];
  });
  const kernel = node.kernel.map((weight, index) => weight * scale[channelOf(index)]);
  return requireFinite({ ...node, kernel, bias: Float32Array.from(bias) }, batchNorm.name);
}
