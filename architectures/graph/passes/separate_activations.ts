import { type FloatGraph, floatGraph } from '../float_graph.ts';
import { type FloatNode, isActivated } from '../float_node.ts';
import type { Activation } from '../operations/activation_function.ts';

/**
 * Makes each activation that may be no part of a layer a node of its own, which keeps the layer's name: the
 * layer's sum becomes "NAME/sum".
 * @param isPart the activations that may be parts
 */
export function separateActivations(
  graph: FloatGraph,
  isPart: (activation: Activation) => boolean,
): FloatGraph {
  const nodes = graph.nodes.flatMap((node): FloatNode[] => {
    if (!isActivated(node) || isPart(node.activation)) return [node];
    const { name, activation, className } = node;
    const sum = { ...node, name: `${name}/sum`, activation: 'linear' as const };
    const own = { op: 'activation' as const, name, inputs: [sum.name], activation };
    return [sum, { ...own, ...(className !== undefined && { className }) }];
  });
  return floatGraph({ ...graph, nodes });
}
