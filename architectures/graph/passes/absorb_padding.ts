import { type FloatGraph, floatGraph } from '../float_graph.ts';
import type { FloatNode } from '../float_node.ts';
import type { FloatPadNode } from '../operations/pad.ts';
import { addPadding } from '../window.ts';
import { mapNodes, usersOf } from './rewrite.ts';

/** Lets convolutions take over the zero padding that comes before them. */
export function absorbPadding(graph: FloatGraph): FloatGraph {
  const pads = graph.nodes.filter((node) => node.op === 'pad');
  return pads.reduceRight(
    (absorbed, pad) =>
      withoutUnread(
        mapNodes(absorbed, (node) => behind(pad, node)),
        pad.name,
      ),
    graph,
  );
}

function behind({ name, inputs, padding }: FloatPadNode, node: FloatNode): FloatNode {
  if (node.op !== 'conv2d' && node.op !== 'depthwiseConv2d') return node;
  if (node.inputs[0] !== name) return node;
  return { ...node, inputs, padding: addPadding(node.padding, padding) };
}

/** The graph without a node that nothing reads. */
function withoutUnread(graph: FloatGraph, name: string): FloatGraph {
  if (usersOf(graph, name).length > 0 || graph.outputs.includes(name)) return graph;
  return floatGraph({ ...graph, nodes: graph.nodes.filter((node) => node.name !== name) });
}
