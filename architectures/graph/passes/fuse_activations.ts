import type { FloatGraph } from '../float_graph.ts';
import { type FloatActivatedNode, isActivated } from '../float_node.ts';
import { type Activation, inOne, keepsZero } from '../operations/activation_function.ts';
import { bypass, hasOneUser, makerOf, replaceNode } from './rewrite.ts';

/**
 * Makes each activation a part of the convolution, fully connected layer, sum or product that it follows,
 * where nothing else reads that one's result; zero padding between them stays behind where zeros stay zeros.
 * @param isFusable the activations that may become parts
 */
export function fuseActivations(
  graph: FloatGraph,
  isFusable: (activation: Activation) => boolean,
): FloatGraph {
  return graph.nodes.reduce((fused, { name }) => {
    const node = makerOf(fused, name);
    if (node?.op !== 'activation' || !isFusable(node.activation)) return fused;
    const producer = producerOf(fused, node.inputs[0], keepsZero(node.activation));
    const activation = producer && inOne(producer.activation, node.activation);
    if (producer === undefined || activation === undefined) return fused;
    return bypass(replaceNode(fused, { ...producer, activation }), (other) => other.name === name);
  }, graph);
}

/** The layer that has the result to itself, through padding where that may stand between. */
function producerOf(
  graph: FloatGraph,
  tensor: string,
  throughPadding: boolean,
): FloatActivatedNode | undefined {
  const maker = makerOf(graph, tensor);
  if (maker === undefined || !hasOneUser(graph, tensor)) return undefined;
  if (maker.op === 'pad' && throughPadding) return producerOf(graph, maker.inputs[0], true);
  return isActivated(maker) ? maker : undefined;
}
