import type { FloatGraph } from '../float_graph.ts';
import type { FloatNode } from '../float_node.ts';
import { handleZeroVariance } from '../fold_batch_norm.ts';
import { makerOf, mapNodes } from './rewrite.ts';

/**
 * Option 1 of arXiv 1803.08607, section 3.1: channels of depthwise batch norms whose variance is almost
 * 0 get the mean variance of the others (`handleZeroVariance`). It changes the network's function.
 */
export function replaceZeroVariance(graph: FloatGraph): FloatGraph {
  return mapNodes(graph, (node) => {
    if (node.op !== 'batchNorm' || !normalizesDepthwise(graph, node)) return node;
    const { variance, channels } = handleZeroVariance(node.variance, 'mean');
    return channels.length === 0 ? node : { ...node, variance, trainedVariance: node.variance };
  });
}

/** Whether a depthwise convolution comes before, batch norms between them or not. */
function normalizesDepthwise(graph: FloatGraph, { inputs }: FloatNode): boolean {
  const maker = makerOf(graph, inputs[0]);
  if (maker?.op === 'batchNorm') return normalizesDepthwise(graph, maker);
  return maker?.op === 'depthwiseConv2d';
}
