import type { FloatGraph } from '../graph/float_graph.ts';
import { type FloatNode, isWeightedFloat } from '../graph/float_node.ts';
import { makerOf, mapNodes } from '../graph/passes/rewrite.ts';
import { RearchitectError } from './errors.ts';

/**
 * The network without its first `count` outputs: what is left is as probable as it was in comparison,
 * since a softmax without a term is the others' shares of the rest.
 * @throws RearchitectError where its only output is not made by a layer with weights and reshapes and a
 *   softmax behind it
 */
export function dropFirstOutputs(graph: FloatGraph, count: number): FloatGraph {
  const behind = new Set<string>();
  let node = makerOf(graph, graph.outputs[0]);
  while (node !== undefined && !isWeightedFloat(node) && isShapeless(node)) {
    behind.add(node.name);
    node = makerOf(graph, node.inputs[0]);
  }
  if (node === undefined || !isWeightedFloat(node) || graph.outputs.length !== 1) {
    throw new RearchitectError(
      `Expected ${graph.name} to end in a layer of classes, to leave out the first ${count} of them, but it does not`,
      { remedy: 'Retrain it for classes without a background first.' },
    );
  }
  const layer = node;
  const classes = layer.bias.length;
  const isKept = (_: number, index: number) => index % classes >= count;
  const [rows, columns, depth] = layer.kernelShape;
  const fewer: FloatNode = {
    ...layer,
    kernel: layer.kernel.filter(isKept),
    bias: layer.bias.filter(isKept),
    kernelShape: [rows, columns, depth, classes - count],
  };
  const changed = (other: FloatNode): FloatNode => {
    if (other.name === layer.name) return fewer;
    if (!behind.has(other.name) || other.op !== 'reshape') return other;
    const { target } = other;
    return { ...other, target: [...target.slice(0, -1), classes - count] };
  };
  return mapNodes(graph, changed);
}

function isShapeless({ op }: FloatNode): boolean {
  return op === 'reshape' || op === 'softmax' || op === 'dropout' || op === 'activation';
}
