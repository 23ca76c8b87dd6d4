/** What the passes are made of: small changes of a graph, each of which gives a new one. */
import { type FloatGraph, floatGraph } from '../float_graph.ts';
import type { FloatNode, FloatWeightedNode } from '../float_node.ts';

/** The node that makes a tensor; undefined of the graph's input. */
export function makerOf(graph: FloatGraph, tensor: string): FloatNode | undefined {
  return graph.nodes.find(({ name }) => name === tensor);
}

/** The layer with weights that makes a tensor. */
export function weightedIn(graph: FloatGraph, tensor: string): FloatWeightedNode {
  return makerOf(graph, tensor) as FloatWeightedNode;
}

/** The nodes that read a tensor. */
export function usersOf(graph: FloatGraph, tensor: string): FloatNode[] {
  return graph.nodes.filter(({ inputs }) => inputs.includes(tensor));
}

/** Whether one node reads the tensor, once, and it is no output. */
export function hasOneUser(graph: FloatGraph, tensor: string): boolean {
  const uses = graph.nodes.flatMap(({ inputs }) => inputs.filter((name) => name === tensor));
  return uses.length === 1 && !graph.outputs.includes(tensor);
}

/** The graph with each node as `change` makes it. */
export function mapNodes(graph: FloatGraph, change: (node: FloatNode) => FloatNode): FloatGraph {
  return floatGraph({ ...graph, nodes: graph.nodes.map(change) });
}

/** The graph with a node in the place of the one of its name. */
export function replaceNode(graph: FloatGraph, replacement: FloatNode): FloatGraph {
  return mapNodes(graph, (node) => (node.name === replacement.name ? replacement : node));
}

/** The graph without some nodes: who read them reads what they read first; outputs that meet are one. */
export function bypass(graph: FloatGraph, isDropped: (node: FloatNode) => boolean): FloatGraph {
  const instead = new Map<string, string>();
  const of = (tensor: string) => instead.get(tensor) ?? tensor;
  const nodes: FloatNode[] = [];
  for (const node of graph.nodes) {
    if (isDropped(node)) instead.set(node.name, of(node.inputs[0]));
    else nodes.push({ ...node, inputs: node.inputs.map(of) });
  }
  return floatGraph({ ...graph, nodes, outputs: [...new Set(graph.outputs.map(of))] });
}

/** The graph without those of the nodes that nothing reads, the last first. */
export function withoutUnread(graph: FloatGraph, names: ReadonlySet<string>): FloatGraph {
  const read = new Set(graph.outputs);
  const nodes = graph.nodes.toReversed().filter((node) => {
    if (names.has(node.name) && !read.has(node.name)) return false;
    for (const input of node.inputs) read.add(input);
    return true;
  });
  return floatGraph({ ...graph, nodes: nodes.toReversed() });
}
