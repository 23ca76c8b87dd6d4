import { type FloatGraph, shapeIn } from './float_graph.ts';
import { type FloatNode, type FloatWeightedNode, isWeightedFloat } from './float_node.ts';
import type { Activation } from './operations/activation_function.ts';
import type { FloatBatchNormNode } from './operations/batch_norm.ts';
import type { Shape } from './shape.ts';
import { isPadded } from './window.ts';

/** A convolution or fully connected layer, its batch norm and activation. */
export interface ChainBlock {
  readonly convolution: FloatWeightedNode;
  /** Before padding. */
  readonly inputShape: Shape;
  readonly batchNorm: FloatBatchNormNode | undefined;
  readonly activation: Activation;
}

/**
 * The convolutions in order of a network that is one chain; the mean over the image stands before the
 * last one.
 * @returns undefined where it is no chain, or has other nodes
 */
export function readBlocks(graph: FloatGraph): ChainBlock[] | undefined {
  const blocks: ChainBlock[] = [];
  let before = graph.input.name;
  let pools = 0;
  for (const node of graph.nodes) {
    if (node.inputs.length !== 1 || node.inputs[0] !== before) return undefined;
    if (isMean(graph, node)) pools++;
    else if (isWeightedFloat(node)) {
      const inputShape = shapeIn(graph, before);
      const { activation } = node;
      blocks.push({ convolution: node, inputShape, batchNorm: undefined, activation });
    } else {
      const block = blocks.pop();
      const changed = pools === 0 && block !== undefined && extended(block, node);
      if (!changed) return undefined;
      blocks.push(changed);
    }
    before = node.name;
  }
  const mean = graph.nodes.at(-2);
  const isWhole = pools === 1 && mean !== undefined && isMean(graph, mean);
  return isWhole && graph.outputs.join() === before ? blocks : undefined;
}

/** Whether the node is the mean over the whole image. */
function isMean(graph: FloatGraph, node: FloatNode): boolean {
  if (node.op === 'globalAveragePool') return true;
  if (node.op !== 'averagePool2d' || isPadded(node.padding)) return false;
  const [height, width] = shapeIn(graph, node.name);
  return height === 1 && width === 1;
}

/** The block with one more node; undefined where that may not follow. */
function extended(block: ChainBlock, node: FloatNode): ChainBlock | undefined {
  if (block.activation !== 'linear') return undefined;
  if (node.op === 'activation') return { ...block, activation: node.activation };
  const isFirst = node.op === 'batchNorm' && block.batchNorm === undefined && node.axis === -1;
  return isFirst ? { ...block, batchNorm: node } : undefined;
}
