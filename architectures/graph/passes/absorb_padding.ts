import type { FloatGraph } from '../float_graph.ts';
import { type FloatNode, isActivated } from '../float_node.ts';
import { boundOf } from '../operations/activation_function.ts';
import type { FloatPadNode } from '../operations/pad.ts';
import type { FloatPoolNode } from '../operations/pool2d.ts';
import { addPadding, type Padding } from '../window.ts';
import { makerOf, mapNodes, withoutUnread } from './rewrite.ts';

/**
 * Lets convolutions take over the zero padding that comes before them, and maximum pools after a ReLU: no zero
 * is greater than what a ReLU makes, so padded positions may as well take no part.
 */
export function absorbPadding(graph: FloatGraph): FloatGraph {
  const pads = graph.nodes.filter((node) => node.op === 'pad');
  return pads.reduceRight(
    (absorbed, pad) =>
      withoutUnread(
        mapNodes(absorbed, (node) => behind(absorbed, pad, node)),
        new Set([pad.name]),
      ),
    graph,
  );
}

function behind(
  graph: FloatGraph,
  { name, inputs, padding }: FloatPadNode,
  node: FloatNode,
): FloatNode {
  const takes =
    node.op === 'conv2d' ||
    node.op === 'depthwiseConv2d' ||
    (node.op === 'maxPool2d' && isNonNegative(graph, inputs[0]) && holdsImage(padding, node));
  if (!takes) return node;
  if (node.inputs[0] !== name) return node;
  return { ...node, inputs, padding: addPadding(node.padding, padding) };
}

/** Whether a ReLU makes the tensor. */
function isNonNegative(graph: FloatGraph, tensor: string): boolean {
  const maker = makerOf(graph, tensor);
  return maker !== undefined && isActivated(maker) && boundOf(maker.activation) !== undefined;
}

/** Whether every window of the pool, with this padding more, has a position of the image. */
function holdsImage(added: Padding, { padding, windowShape: [height, width] }: FloatPoolNode) {
  const { top, bottom, left, right } = addPadding(padding, added);
  return Math.max(top, bottom) < height && Math.max(left, right) < width;
}
