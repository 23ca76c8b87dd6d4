import type { FloatGraph } from '../float_graph.ts';
import { type FloatWeightedNode, isWeightedFloat } from '../float_node.ts';
import { foldBatchNorm, handleZeroVariance } from '../fold_batch_norm.ts';
import type { FloatBatchNormNode } from '../operations/batch_norm.ts';
import { requireFinite } from './require_finite.ts';
import { bypass, hasOneUser, makerOf, replaceNode } from './rewrite.ts';

/**
 * Folds each batch norm into the convolution or fully connected layer that it follows (`foldBatchNorm`),
 * where nothing else reads that one's sum.
 * @throws GraphError naming both where a folded weight is not finite
 */
export function foldBatchNorms(graph: FloatGraph): FloatGraph {
  return graph.nodes.reduce((folded, { name }) => {
    const batchNorm = makerOf(folded, name);
    if (batchNorm?.op !== 'batchNorm' || batchNorm.axis !== -1) return folded;
    const producer = makerOf(folded, batchNorm.inputs[0]);
    if (producer === undefined || !isWeightedFloat(producer) || producer.activation !== 'linear') {
      return folded;
    }
    if (!hasOneUser(folded, producer.name)) return folded;
    return bypass(
      replaceNode(folded, withBatchNorm(producer, batchNorm)),
      (node) => node.name === name,
    );
  }, graph);
}

/** Channels of folded batch norms whose variance was replaced (`replaceZeroVariance`), by layer. */
export function replacedChannels({ nodes }: FloatGraph): ReadonlyMap<string, readonly number[]> {
  const folded = nodes
    .filter(isWeightedFloat)
    .map(({ name, batchNorm }) => [name, batchNorm?.replacedChannels ?? []] as const);
  return new Map(folded.filter(([, channels]) => channels.length > 0));
}

function withBatchNorm(node: FloatWeightedNode, batchNorm: FloatBatchNormNode): FloatWeightedNode {
  const { kernel, bias, alpha } = foldBatchNorm({
    kernel: node.kernel,
    kernelShape: node.kernelShape,
    kind: node.op === 'depthwiseConv2d' ? 'depthwise' : 'conv',
    bias: node.bias,
    batchNorm,
    zeroVariance: 'keep',
  });
  const { trainedVariance, variance: used, beta, gamma } = batchNorm;
  const variance = trainedVariance ?? used;
  const deadChannels = handleZeroVariance(variance, 'mean').channels;
  const record = {
    alpha,
    beta,
    gamma,
    variance,
    deadChannels,
    replacedChannels: trainedVariance === undefined ? [] : deadChannels,
  };
  return requireFinite({ ...node, kernel, bias, batchNorm: record }, batchNorm.name);
}
