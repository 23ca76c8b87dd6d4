import type { FloatGraph } from '../../architectures/graph/float_graph.ts';
import { type FloatNode, isWeightedFloat } from '../../architectures/graph/float_node.ts';
import { UserError } from '../../foundation/errors.ts';
import { isWeighted, roundingOf, type Tf8Model } from '../../quantize/model/tf8_model.ts';
import { DEFAULT_ROUNDING } from '../../quantize/params/roundings.ts';
import { isPerChannel } from '../../quantize/params/weight_quantization.ts';

/**
 * Refuses a network that `QuantizedNetwork` does not compute, or has no gradients of.
 * @throws UserError naming the layer, or what of the recipe of quantization it is
 */
export function requireTrainable(graph: FloatGraph, start: Tf8Model): void {
  for (const node of graph.nodes) {
    const what = untrainable(node);
    if (what === undefined) continue;
    throw new UserError(
      `Expected layers that can be trained quantization-aware but ${node.name} is ${what}`,
      { remedy: 'Train the network in float, and quantize it with the recipe best.' },
    );
  }
  const perChannel = start.nodes.find(
    (node) => isWeighted(node) && isPerChannel(node.weights.quantization),
  );
  if (perChannel !== undefined) {
    throw new UserError(
      `Expected one range for all weights of a layer but ${perChannel.name} has one a channel`,
      { remedy: 'Take a recipe of quantization with the granularity "tensor".' },
    );
  }
  if (roundingOf(start) !== DEFAULT_ROUNDING) {
    throw new UserError(
      `Expected the rounding ${DEFAULT_ROUNDING} but received ${roundingOf(start)}`,
      { remedy: 'Train without a profile.' },
    );
  }
}

/**
 * @param nodes those that are taught
 * @throws UserError where no batch norm was folded into one of them
 */
export function requireBatchNorms(network: string, nodes: readonly FloatNode[]): void {
  if (nodes.some((node) => isWeightedFloat(node) && node.batchNorm !== undefined)) return;
  throw new UserError(
    `Expected layers with batch norms to be re-estimated but ${network} has none that is folded into a layer`,
    { remedy: 'Take "frozen": its weights are trained as they are.' },
  );
}

function untrainable(node: FloatNode): string | undefined {
  switch (node.op) {
    case 'batchNorm':
    case 'dropout':
    case 'mean':
    case 'sum':
      return `a ${node.op}`;
    case 'activation':
    case 'add':
    case 'averagePool2d':
    case 'concat':
    case 'conv2d':
    case 'depthToSpace':
    case 'depthwiseConv2d':
    case 'fullyConnected':
    case 'globalAveragePool':
    case 'maximum':
    case 'maxPool2d':
    case 'minimum':
    case 'multiply':
    case 'pad':
    case 'prelu':
    case 'requantize':
    case 'reshape':
    case 'resize':
    case 'slice':
    case 'softmax':
    case 'spaceToDepth':
    case 'subtract':
    case 'transpose':
    case 'transposedConv2d':
      return undefined;
  }
}
